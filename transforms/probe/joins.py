"""Files that somebody joined by appending one to another: players play all of it, while a header knows its own part only."""

import mmap

_XING = (b"Xing\x00\x00\x00", b"Info\x00\x00\x00")
_OGG_PAGE = b"OggS\x00"
_OGG_MIDDLE, _OGG_BEGINS = b"\x00", b"\x02"  # the header type that follows, RFC 3533 6


def is_joined(path: str) -> bool:
    """Whether an mp3 file has more than one Xing header: the later ones look like frames, and hold no samples."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        starts = [content.find(mark) for mark in _XING]
        again = [content.find(mark, start + 1) for mark, start in zip(_XING, starts, strict=True) if start >= 0]
    return len(again) > 1 or any(start >= 0 for start in again)


def is_chained(path: str) -> bool:
    """Whether another Ogg stream begins behind the pages of the first ones (RFC 3533 4: chained, not multiplexed)."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        follows = content.find(_OGG_PAGE + _OGG_MIDDLE)
        return follows >= 0 and content.find(_OGG_PAGE + _OGG_BEGINS, follows) >= 0
