"""How LAME is asked: the argument list of the FFmpeg child, the frame it starts at, and the one correction of an average bit rate.

Values in, lists and numbers out; nothing runs here.
"""

from math import ceil, gcd

import ffmpeg

from transforms.engine.messages import WHOLE, Span
from transforms.engine.mp3_frames import highest_kbps, is_cbr
from transforms.plan import Rendition

CBR_PREROLL_FRAMES = 8
ABR_PREROLL_FRAMES = 64
"""Encoded and dropped before a range: with 8, a few of 1,000 frames of an average bit rate differ from a serial encode (ENGINE 4)."""

LOOKAHEAD_FRAMES = 4
"""Fed behind a range: LAME's delay and its view of the next frame."""

_NEAR_ENOUGH = 0.01
_TOO_FAR = 0.3


def first_frame(rendition: Rendition, span: Span) -> int:
    """The frame a range's encoder starts at. LAME pads some frames by one byte to reach the mean; starting on the period of that
    pattern (49 frames at 44.1 and 22.05 kHz) gives every frame the byte it has in a serial encode."""
    if not is_cbr(_asked(rendition), rendition.sample_rate_hz):
        return max(0, span.start - ABR_PREROLL_FRAMES)
    bytes_times_rate = rendition.frame_samples * _asked(rendition) * 1000 // 8
    period = rendition.sample_rate_hz // gcd(bytes_times_rate, rendition.sample_rate_hz)
    return max(0, span.start - CBR_PREROLL_FRAMES) // period * period


def mp3_arguments(rendition: Rendition, bitrate_kbps: int, span: Span) -> list[str]:
    """FFmpeg's arguments: float PCM on standard input, bare frames on standard output. It is never given a name or a URL to open.

    Only an encode in one range may keep the bit reservoir: it ties each frame to the ones before it.
    """
    options: dict[str, str | int] = {"c:a": "libmp3lame", "b:a": f"{bitrate_kbps}k", "write_xing": 0, "id3v2_version": 0}
    if span != WHOLE:
        options["reservoir"] = 0
    if not is_cbr(_asked(rendition), rendition.sample_rate_hz):
        options["abr"] = 1
    source = ffmpeg.input("pipe:0", format="f32le", ar=rendition.sample_rate_hz, ac=rendition.channels, protocol_whitelist="pipe")  # type: ignore[no-untyped-call]
    output = ffmpeg.output(source, "pipe:1", format="mp3", flush_packets=0, **options)
    arguments: list[str] = output.global_args("-v", "error", "-nostdin").get_args()
    return arguments


def corrected_kbps(rendition: Rendition, size_bytes: int, frames: int) -> int | None:
    """The bit rate to ask for instead, once, when an average missed its mark; None when it is near enough, or so far off (silence)
    that asking for more gives nothing."""
    asked = _asked(rendition)
    if is_cbr(asked, rendition.sample_rate_hz) or not _NEAR_ENOUGH < miss(rendition, size_bytes, frames) < _TOO_FAR:
        return None
    reached = size_bytes * 8 * rendition.sample_rate_hz / (frames * rendition.frame_samples) / 1000
    better = min(ceil(asked * asked / reached - 0.5), highest_kbps(rendition.sample_rate_hz))
    return None if better == asked else better


def miss(rendition: Rendition, size_bytes: int, frames: int) -> float:
    """How far a mean bit rate lies from the one asked for, as a share of it."""
    wanted = frames * rendition.frame_samples * _asked(rendition) * 125
    return abs(size_bytes * rendition.sample_rate_hz / wanted - 1) if frames else 0.0


def _asked(rendition: Rendition) -> int:
    assert rendition.bitrate_kbps is not None
    return rendition.bitrate_kbps
