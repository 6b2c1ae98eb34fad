"""The Info frame in front of an MP3: it tells decoders the exact length, so that they play N samples and not one more.

Layout by the Xing/Info and LAME tag conventions: frames, bytes, a table of contents, encoder delay and padding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from transforms.engine.mp3_frames import Mp3Header

LAME_DELAY_SAMPLES = 576
TOC_ENTRIES = 100

_TAG_BYTES = 156
_HAS_ALL_FIELDS = 0xF
_CBR, _ABR = 1, 2


@dataclass(frozen=True, slots=True)
class Mp3Stream:
    """What the Info frame says about the frames behind it. `toc[i]` is the byte, within those frames, where i % of the time begins."""

    frames: int
    size_bytes: int
    padding_samples: int
    bitrate_kbps: int
    constant: bool
    toc: Sequence[int]


def padding_samples(frames: int, frame_samples: int, samples: int) -> int:
    """What a decoder must drop at the end, besides its own delay, so that `samples` remain."""
    return frames * frame_samples - LAME_DELAY_SAMPLES - samples


def info_frame(like: Mp3Header, stream: Mp3Stream) -> bytes:
    """A silent frame of the stream's kind that carries the tag."""
    header = _roomy(like)
    size = header.size_bytes
    total = stream.size_bytes + size
    tag = bytearray(_TAG_BYTES)
    tag[0:4] = b"Info" if stream.constant else b"Xing"
    tag[4:8] = _HAS_ALL_FIELDS.to_bytes(4, "big")
    tag[8:12] = stream.frames.to_bytes(4, "big")
    tag[12:16] = (total & 0xFFFFFFFF).to_bytes(4, "big")
    tag[16:116] = bytes(min(255, 256 * (size + offset) // total) for offset in stream.toc)
    tag[120:129] = b"LAME3.100"
    tag[129] = _CBR if stream.constant else _ABR
    tag[140] = min(255, stream.bitrate_kbps)
    tag[141:144] = (LAME_DELAY_SAMPLES << 12 | stream.padding_samples).to_bytes(3, "big")
    tag[148:152] = (total & 0xFFFFFFFF).to_bytes(4, "big")
    # 152: CRC of the music, which no decoder checks; it would cost more than the rest of the assembly.
    head = header.word.to_bytes(4, "big") + bytes(header.side_bytes) + bytes(tag[:154])
    frame = head + _crc16(head).to_bytes(2, "big")
    return frame + bytes(size - len(frame))


def _roomy(like: Mp3Header) -> Mp3Header:
    """The smallest frame of this kind with room for the tag."""
    for index in range(1, 15):
        header = like.unpadded(index)
        if header.size_bytes >= 4 + header.side_bytes + _TAG_BYTES:
            return header
    raise ValueError("no frame of this kind has room for the tag")


def _crc16(content: bytes) -> int:
    """CRC-16 with the reflected polynomial 0xA001, as LAME closes its tag."""
    crc = 0
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
