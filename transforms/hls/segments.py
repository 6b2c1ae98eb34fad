"""Where HLS segments begin and end: the same times in every rendition, each cut at that rendition's nearest AAC frame.

Boundaries lie at 55, 94, 188, 376, 564 … frames at 48 kHz (1.173, 2.005, 4.011, 8.021 s): short segments first, so that players start
early (ENGINE 6), then 188 frames each. All of it is arithmetic: any segment of any length is found without listing the others.

Two rules keep every EXTINF of every rate below 4.5 s, so that TARGETDURATION is always 4 (RFC 8216 4.3.3.1: EXTINF rounded to the
nearest integer must not exceed it): a regular segment is within one frame of 4.011 s, and a tail is merged into the segment before
it only when it is shorter than MIN_TAIL_SECONDS. The longest case is 8 kHz, whose frames last 0.128 s: 4.011 s, the tail, half a
frame of cutting and two frames of priming and rounding make 4.481 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from transforms.limits import AAC_FRAME_SAMPLES
from transforms.plan import Plan, Rendition

TARGET_DURATION_SECONDS = 4
MIN_TAIL_SECONDS = Fraction(3, 20)
"""A shorter last segment would be a stray one (the command line's HLS ends in 0.021 s: ENGINE 11)."""

_GRID_RATE_HZ = 48_000
_GRID_FRAME_SECONDS = Fraction(AAC_FRAME_SAMPLES, _GRID_RATE_HZ)
# FFmpeg's own HLS client (5.1 and 9.0) reads on into segment 1 while it probes when segment 0 has fewer than 50 frames, and takes
# segment 1's timestamp for the start: its -ss then lands that much late. 55 frames at 48 kHz are 51 at 44.1. Only renditions of 32 kHz
# and less stay below 50, which would need 1.6 to 6.4 s; what the client decodes and copies of them is complete all the same.
_FIRST_BOUNDARIES_FRAMES = (0, 55, 94)
_SEGMENT_FRAMES = 188


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
    """The frame at which segment `index` begins, whatever the length: every segment but the last ends where the next one begins."""
    frames_times_rate = _boundary_frames(index) * sample_rate_hz
    return (2 * frames_times_rate + _GRID_RATE_HZ) // (2 * _GRID_RATE_HZ)


def segment_count(seconds: Fraction) -> int:
    """The exact number of segments of `seconds` of content: one more and `ended` never fires (ENGINE 6)."""
    whole_frames = (seconds - MIN_TAIL_SECONDS) // _GRID_FRAME_SECONDS
    if whole_frames < _SEGMENT_FRAMES:
        return sum(boundary_frames <= max(0, whole_frames) for boundary_frames in _FIRST_BOUNDARIES_FRAMES)
    return len(_FIRST_BOUNDARIES_FRAMES) + whole_frames // _SEGMENT_FRAMES


def _boundary_frames(index: int) -> int:
    """In frames at 48 kHz."""
    if index < len(_FIRST_BOUNDARIES_FRAMES):
        return _FIRST_BOUNDARIES_FRAMES[index]
    return (index + 1 - len(_FIRST_BOUNDARIES_FRAMES)) * _SEGMENT_FRAMES
