"""Which parts of a file a demuxer reads first, besides its beginning: told from its first bytes, so that they are fetched in time."""

import struct
from typing import Final

TAIL_BYTES: Final = 128 * 1024
"""Where lengths are confirmed: last pages, tags, the last packets."""

FIRST_SOUND_BYTES: Final = 832 * 1024
LAST_SOUND_BYTES: Final = 320 * 1024
"""Of a film, in front of an index that stands at the end: the first second and the last of its sound, among pictures."""

_BOX_BEFORE_SOUND: Final = frozenset({b"ftyp", b"free", b"skip", b"wide", b"uuid", b"mdat", b"pnot", b"sidx", b"styp"})


def read_first(head: bytes, size_bytes: int) -> tuple[tuple[int, int], ...]:
    """Stretches [start, end), the most urgent one first. `head` is the beginning of a file of `size_bytes`."""
    index_at = _index_behind(head)
    if index_at is None or index_at >= size_bytes:
        return ((max(0, size_bytes - TAIL_BYTES), size_bytes),)
    return (index_at, size_bytes), (0, min(FIRST_SOUND_BYTES, index_at)), (max(0, index_at - LAST_SOUND_BYTES), index_at)


def _index_behind(head: bytes) -> int | None:
    """Where the box behind the sound of an MP4 file begins, if it lies behind `head` (ISO 14496-12 4.2: size, name, a long size)."""
    at, behind_sound = 0, False
    while at + 16 <= len(head):
        size, name, long_size = struct.unpack_from(">I4sQ", head, at)
        if name not in _BOX_BEFORE_SOUND:
            return None
        behind_sound = behind_sound or name == b"mdat"
        size = long_size if size == 1 else size
        if size < 8:
            return None
        at += size
    return at if behind_sound else None
