"""WAV headers of 16-bit PCM, byte for byte as FFmpeg writes them with `-fflags +bitexact` (`-rf64 always` for RF64)."""

from struct import pack
from typing import Final

_UNKNOWN_32 = 0xFFFFFFFF
_PCM, _EXTENSIBLE = 0x0001, 0xFFFE
_PLAIN_MAX_HZ = 48_000
_PCM_SUBFORMAT: Final = bytes.fromhex("0100000000001000800000aa00389b71")
_BYTES_PER_SAMPLE = 2

_SPEAKERS: Final = ("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR", "TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR")
"""WAVEFORMATEXTENSIBLE: bit i of the channel mask is the speaker i of this table."""


def channel_mask(speakers: tuple[str, ...]) -> int:
    """The mask of a layout's channels by name; 0 (no positions) when one of them has no place in the table."""
    if any(speaker not in _SPEAKERS for speaker in speakers):
        return 0
    return sum(1 << _SPEAKERS.index(speaker) for speaker in speakers)


def wav_header(samples: int, sample_rate_hz: int, speakers: tuple[str, ...], *, rf64: bool) -> bytes:
    """Everything in front of the PCM of `samples` per channel; behind it comes `wav_padding`. RIFF sizes must fit 32 bits."""
    size = samples * len(speakers) * _BYTES_PER_SAMPLE
    padded = size + size % 2
    fmt = _chunk(b"fmt ", _format(sample_rate_hz, speakers))
    if not rf64:
        return b"RIFF" + pack("<I", 4 + len(fmt) + 8 + padded) + b"WAVE" + fmt + b"data" + pack("<I", size)
    ds64_bytes = 36
    riff_size = 4 + ds64_bytes + len(fmt) + 8 + padded
    ds64 = _chunk(b"ds64", pack("<QQQI", riff_size, size, samples, 0))
    unknown = pack("<I", _UNKNOWN_32)
    return b"RF64" + unknown + b"WAVE" + ds64 + fmt + b"data" + unknown


def _format(sample_rate_hz: int, speakers: tuple[str, ...]) -> bytes:
    channels = len(speakers)
    mask = channel_mask(speakers)
    frame_bytes = channels * _BYTES_PER_SAMPLE
    positioned = mask != 0 and speakers not in (("FC",), ("FL", "FR"))
    extensible = positioned or sample_rate_hz > _PLAIN_MAX_HZ
    tag = _EXTENSIBLE if extensible else _PCM
    fmt = pack("<HHIIHH", tag, channels, sample_rate_hz, sample_rate_hz * frame_bytes, frame_bytes, 8 * _BYTES_PER_SAMPLE)
    return fmt + pack("<HHI", 22, 16, mask) + _PCM_SUBFORMAT if extensible else fmt


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + pack("<I", len(content)) + content
