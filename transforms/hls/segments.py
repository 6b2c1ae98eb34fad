"""Where HLS segments begin and end: the same times in every rendition, each cut at that rendition's nearest AAC frame.

Boundaries lie at 1, 2, 4, 8, 12, 16 … units of 47 frames at 48 kHz (1.0027 s): short segments first, so that players start early
(ENGINE 6), then 188 frames at 48 kHz each. All of it is arithmetic: any segment of any length is found without listing the others.

Two rules keep every EXTINF of every rate below 4.5 s, so that TARGETDURATION is always 4 (RFC 8216 4.3.3.1: EXTINF rounded to the
nearest integer must not exceed it): a regular segment is within one frame of 4.011 s, and a tail is merged into the segment before
it only when it is shorter than MIN_TAIL_SECONDS. The longest case is 8 kHz, whose frames last 0.128 s: 4.011 s, the tail, half a
frame of cutting and two frames of priming and rounding make 4.481 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from transforms.plan import Plan, Rendition

TARGET_DURATION_SECONDS = 4
MIN_TAIL_SECONDS = Fraction(3, 20)
"""A shorter last segment would be a stray one (the command line's HLS ends in 0.021 s: ENGINE 11)."""

_UNIT_FRAMES, _UNIT_RATE_HZ = 47, 48_000
_UNIT_SECONDS = Fraction(_UNIT_FRAMES * 1024, _UNIT_RATE_HZ)
# FFmpeg's own HLS client (5.1 and 9.0) reads on into segment 1 while it probes when segment 0 has fewer than 50 frames or 2 KiB, and
# takes segment 1's timestamp for the start: its -ss then lands one second late. What it decodes and copies is complete all the same.
_FIRST_BOUNDARIES_UNITS = (0, 1, 2)
_SEGMENT_UNITS = 4


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """AAC frames [start, end) of one rendition."""

    start: int
    end: int

    @property
    def frames(self) -> int:
        """How many frames it holds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The segments of a whole encode, numbered from 0: `count` of them in every rendition.

    Segment 0 holds the priming packet; the last one ends with the rendition's last frame, which the encoder's flush makes.
    """

    renditions: tuple[Rendition, ...]
    count: int

    def span(self, rendition: int, index: int) -> FrameSpan:
        """Frames of one segment. Raises IndexError for a segment that does not exist."""
        if not 0 <= index < self.count:
            raise IndexError(f"segment {index} of {self.count}")
        encoded = self.renditions[rendition]
        start = boundary(index, encoded.sample_rate_hz)
        end = encoded.frames if self.is_last(index) else boundary(index + 1, encoded.sample_rate_hz)
        return FrameSpan(start, end)

    def spans(self, index: int) -> tuple[FrameSpan, ...]:
        """Frames of one segment in each rendition: what one decode feeds at once."""
        return tuple(self.span(rendition, index) for rendition in range(len(self.renditions)))

    def is_last(self, index: int) -> bool:
        """Whether the list ends with this segment."""
        return index == self.count - 1

    def frames(self, rendition: int) -> Iterator[int]:
        """Frame counts of all segments of a rendition, in order."""
        return (self.span(rendition, index).frames for index in range(self.count))


def segmentation(plan: Plan) -> Segmentation:
    """The segments of a plan whose length is known."""
    return Segmentation(plan.renditions, segment_count(plan.seconds))


def boundary(index: int, sample_rate_hz: int) -> int:
    """The frame at which segment `index` begins. Where a list grows without a known end, segment i is [boundary(i), boundary(i + 1))."""
    frames_times_rate = _boundary_units(index) * _UNIT_FRAMES * sample_rate_hz
    return (2 * frames_times_rate + _UNIT_RATE_HZ) // (2 * _UNIT_RATE_HZ)


def segment_count(seconds: Fraction) -> int:
    """The exact number of segments of `seconds` of content: one more and `ended` never fires (ENGINE 6)."""
    whole_units = (seconds - MIN_TAIL_SECONDS) // _UNIT_SECONDS
    if whole_units < _SEGMENT_UNITS:
        return sum(boundary_units <= max(0, whole_units) for boundary_units in _FIRST_BOUNDARIES_UNITS)
    return len(_FIRST_BOUNDARIES_UNITS) + whole_units // _SEGMENT_UNITS


def settled_count(seconds: Fraction) -> int:
    """How many segments are final once `seconds` of content are known to exist: whatever follows, their frames stay the same."""
    return segment_count(seconds) - 1


def _boundary_units(index: int) -> int:
    if index < len(_FIRST_BOUNDARIES_UNITS):
        return _FIRST_BOUNDARIES_UNITS[index]
    return (index + 1 - len(_FIRST_BOUNDARIES_UNITS)) * _SEGMENT_UNITS
