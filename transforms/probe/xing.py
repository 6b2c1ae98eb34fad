"""The Xing (or Info) header of an mp3 file: what it calls the file, and whether it describes the file that it stands in."""

import os
import struct
from typing import BinaryIO, Literal

from transforms.probe.arriving import open_bytes

_SEARCHED_BYTES = 2048  # before the first audio frame; the largest frame an mp3 can have is 1,441 bytes
_TAGS_BEHIND = (b"", b"TAG", b"APETAGEX", b"LYRICSBEGIN")
_HAS_FRAMES, _HAS_BYTES, _HAS_TOC, _HAS_QUALITY = 1, 2, 4, 8
_ENCODERS = (b"LAME", b"Lavf", b"Lavc")  # those whose delay and padding FFmpeg obeys
_DELAY_AT = 21  # of the encoder's extension
_SMALLEST_FRAME_BYTES = 24  # 8 kbit/s at 24 kHz
_DECODER_DELAY_SAMPLES = 529


def stated_mode(path: str, first_frame_at: int) -> Literal["VBR", "CBR"] | None:
    """What an mp3 file says of its bit rate before its first audio frame (a byte offset): "Xing" is variable, "Info" constant."""
    with open_bytes(path) as file:
        head = _before(file, first_frame_at)
    at = _header_at(head)
    return None if at < 0 else "VBR" if head.startswith(b"Xing", at) else "CBR"


def xing_tells(path: str, first_frame_at: int) -> bool:
    """Whether a Xing header stands before the first audio frame (a byte offset) and its length can be believed.

    It counts the file's bytes: a file that was cut off, or to which another was appended, has another number of them.
    """
    with open_bytes(path) as file:
        head = _before(file, first_frame_at)
        at = _header_at(head)
        frame = _frame_start(head, at)
        size = _counted_bytes(head[at:])
        if frame is None or size is None:
            return False
        end = first_frame_at - len(head) + frame + size
        file.seek(end)
        behind = file.read(11)
        return end <= os.fstat(file.fileno()).st_size and any(behind == tag or (tag and behind.startswith(tag)) for tag in _TAGS_BEHIND)


def _before(file: BinaryIO, first_frame_at: int) -> bytes:
    """What stands before the first audio frame, as far back as the header can lie."""
    start = max(0, first_frame_at - _SEARCHED_BYTES)
    file.seek(start)
    return file.read(first_frame_at - start)


def _header_at(head: bytes) -> int:
    """Where the header begins; −1 when there is none."""
    return max(head.rfind(b"Xing"), head.rfind(b"Info"))


def _frame_start(head: bytes, at: int) -> int | None:
    """Where the frame begins that has the header at `at`: behind 4 bytes of frame header and 32, 17 or 9 of side information."""
    for before in (36, 21, 13):
        if at >= before and head[at - before] == 0xFF and head[at - before + 1] & 0xE0 == 0xE0:
            return at - before
    return None


def _counted_bytes(header: bytes) -> int | None:
    """The header's number of bytes, if it also has the number of frames and a padding that covers the decoder's delay."""
    if len(header) < 16:
        return None
    flags, frames, size = struct.unpack_from(">III", header, 4)
    if flags & (_HAS_FRAMES | _HAS_BYTES) != _HAS_FRAMES | _HAS_BYTES or not 0 < frames * _SMALLEST_FRAME_BYTES <= size:
        return None
    extension = header[16 + 100 * bool(flags & _HAS_TOC) + 4 * bool(flags & _HAS_QUALITY) :]
    if extension.startswith(_ENCODERS):
        padding = int.from_bytes(extension[_DELAY_AT : _DELAY_AT + 3]) & 0xFFF
        if padding < _DECODER_DELAY_SAMPLES:
            return None  # then less is taken off the end than the header says
    return int(size)
