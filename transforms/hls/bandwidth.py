"""BANDWIDTH and AVERAGE-BANDWIDTH of a rendition, container included: expected before it is encoded, exact afterwards.

The peak is RFC 8216's (4.3.4.2 and 4.1): the largest bit rate of any run of neighbouring segments that lasts 0.5 to 1.5 target durations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from transforms.hls.packed import SEGMENT_HEADER_BYTES
from transforms.hls.segments import TARGET_DURATION_SECONDS
from transforms.limits import AAC_FRAME_SAMPLES, ADTS_HEADER_BYTES
from transforms.plan import Rendition

# Measured with FFmpeg 8.1's fast coder: the peaks of 27 real files at 64 to 256 kbps lay at most 13 % above the asked rate, single
# seconds of noise, bursts, impulses and sweeps at every allowed rate at most 22 %. Full-scale noise right behind digital silence is the
# exception: its first second takes up to five times the rate, which only the exact figures of the finished list show.
_PEAK_MARGIN = Fraction(5, 4)
_CEILING_BITS = 6144  # per channel and frame (ISO/IEC 14496-3, 4.5.3)
_SHORTEST_SEGMENT_SECONDS = 1
_PEAK_SECONDS = (Fraction(TARGET_DURATION_SECONDS, 2), Fraction(TARGET_DURATION_SECONDS * 3, 2))


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Bits per second of one rendition's segments."""

    peak_bps: int
    average_bps: int


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """What a finished segment weighs: its file, header included, and its frames."""

    size_bytes: int
    frames: int


def expected(rendition: Rendition) -> Bandwidth:
    """Before a rendition is encoded: an upper bound for its peak, and the asked rate as its average. The codec's ceiling caps both."""
    assert rendition.bitrate_kbps is not None
    frames_per_second = Fraction(rendition.sample_rate_hz, AAC_FRAME_SAMPLES)
    asked_bps = Fraction(rendition.bitrate_kbps * 1000)
    ceiling_bps = _CEILING_BITS * rendition.channels * frames_per_second
    adts_bps = ADTS_HEADER_BYTES * 8 * frames_per_second
    header_bits = SEGMENT_HEADER_BYTES * 8
    return Bandwidth(
        peak_bps=ceil(min(asked_bps * _PEAK_MARGIN, ceiling_bps) + adts_bps + Fraction(header_bits, _SHORTEST_SEGMENT_SECONDS)),
        average_bps=ceil(min(asked_bps, ceiling_bps) + adts_bps + Fraction(header_bits, TARGET_DURATION_SECONDS)),
    )


def measured(segments: Sequence[EncodedSegment], sample_rate_hz: int) -> Bandwidth:
    """The exact figures of a finished rendition, rounded up; a list too short for any run that counts is one run. At least one segment."""
    whole = _bit_rate(sum(s.size_bytes for s in segments), sum(s.frames for s in segments), sample_rate_hz)
    return Bandwidth(peak_bps=ceil(max(_run_bit_rates(segments, sample_rate_hz), default=whole)), average_bps=ceil(whole))


def _run_bit_rates(segments: Sequence[EncodedSegment], sample_rate_hz: int) -> Iterator[Fraction]:
    """Bit rates of all runs of neighbouring segments that count for the peak."""
    shortest, longest = (seconds * sample_rate_hz / AAC_FRAME_SAMPLES for seconds in _PEAK_SECONDS)
    for first in range(len(segments)):
        size_bytes = frames = 0
        for segment in segments[first:]:
            size_bytes += segment.size_bytes
            frames += segment.frames
            if frames > longest:
                break
            if frames >= shortest:
                yield _bit_rate(size_bytes, frames, sample_rate_hz)


def _bit_rate(size_bytes: int, frames: int, sample_rate_hz: int) -> Fraction:
    return Fraction(size_bytes * 8 * sample_rate_hz, frames * AAC_FRAME_SAMPLES)
