"""ADTS: the seven bytes in front of each AAC packet (ISO/IEC 14496-3, 1.A.2.2)."""

from typing import Final

from transforms.limits import ADTS_HEADER_BYTES

SAMPLE_RATES_HZ: Final = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
"""The sampling frequency index is the place in this table."""

_PROFILE_LC = 1
_SYNC_MPEG4_WITHOUT_CRC = b"\xff\xf1"
_VARIABLE_RATE_FULLNESS = 0x7FF


def adts_header(sample_rate_hz: int, channels: int, packet_bytes: int) -> bytes:
    """The header of one raw AAC-LC packet of `packet_bytes`."""
    rate = SAMPLE_RATES_HZ.index(sample_rate_hz)
    size = packet_bytes + ADTS_HEADER_BYTES
    fields = (_PROFILE_LC << 38) | (rate << 34) | (channels << 30) | (size << 13) | (_VARIABLE_RATE_FULLNESS << 2)
    return _SYNC_MPEG4_WITHOUT_CRC + fields.to_bytes(5, "big")
