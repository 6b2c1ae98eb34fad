"""Packed audio: the timestamp in front of every segment's ADTS frames (RFC 8216 3.4).

An ID3v2.4 tag with one PRIV frame. Without it a player cannot place a segment after a seek.
"""

from transforms.limits import AAC_FRAME_SAMPLES

SEGMENT_HEADER_BYTES = 73

_OWNER = b"com.apple.streaming.transportStreamTimestamp\0"
_TIMESTAMP_BYTES = 8
_MPEG_CLOCK_HZ = 90_000
_MPEG_CLOCK_WRAP = 2**33

# Both sizes count what follows their own ten-byte header; they are below 128, so the tag's synchsafe form reads like the plain one.
_PRIV_SIZE = len(_OWNER) + _TIMESTAMP_BYTES
_TAG_SIZE = 10 + _PRIV_SIZE
_BEFORE_TIMESTAMP = b"ID3\x04\0\0" + _TAG_SIZE.to_bytes(4, "big") + b"PRIV" + _PRIV_SIZE.to_bytes(4, "big") + b"\0\0" + _OWNER


def segment_header(first_frame: int, sample_rate_hz: int) -> bytes:
    """The 73 bytes in front of a segment that begins with AAC frame `first_frame`: its time on the 90 kHz clock, modulo 2^33."""
    ticks = first_frame * AAC_FRAME_SAMPLES * _MPEG_CLOCK_HZ // sample_rate_hz
    return _BEFORE_TIMESTAMP + (ticks % _MPEG_CLOCK_WRAP).to_bytes(_TIMESTAMP_BYTES, "big")
