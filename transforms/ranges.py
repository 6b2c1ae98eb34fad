"""How one encode is divided into ranges that can be encoded independently and joined without a trace (ENGINE 1 and 3)."""

from collections import deque
from fractions import Fraction
from math import ceil

from transforms.engine.messages import Span
from transforms.plan import Plan, Rendition
from transforms.source import Source
from transforms.spec import WAV_FAMILY, Format

RANGE_SECONDS = 60
"""Long enough that pre-roll and seeking cost nothing measurable (ENGINE 3), short enough for progress and fair sharing."""

LAME_RANGES = 2
"""So many of these are one for MP3, whose ranges start a program each (25 ms, 4 % of a minute's work)."""

LAST_RANGES = 4
"""Of each lane, that are not joined so: the lanes end together, and help each other there."""

MIN_RANGE_SECONDS = 10
"""Below this the start of a range costs more than a second core gains."""

MIN_DECODED_SECONDS = 60
"""Below, what a second core gains is less than half a second."""

MAX_DECODED_SECONDS = 4 * 3600
"""Longer sources fill 5 GB and more: they are encoded in one pass."""


def ranges(plan: Plan, cores: int) -> tuple[tuple[Span, ...], ...]:
    """The encode's ranges in order, each with one span per rendition. One range when positions cannot be reached by seeking."""
    bounds = [[_frame(rendition, share) for rendition in plan.renditions] for share in _starts(plan, cores)]
    ends: list[list[int | None]] = [*bounds[1:], [None] * len(plan.renditions)]  # type: ignore[list-item]
    return tuple(
        tuple(Span(start, end) for start, end in zip(starts, stops, strict=True)) for starts, stops in zip(bounds, ends, strict=True)
    )


def _starts(plan: Plan, cores: int) -> list[Fraction]:
    """Where the ranges begin, as shares of the whole. Whole rounds: with three ranges on two cores one core would wait for a third of
    the time."""
    lanes = min(cores, int(plan.seconds / MIN_RANGE_SECONDS))
    if lanes < 2 or not all(source.seekable for source in plan.sources):
        return [Fraction(0)]
    rounds = ceil(plan.seconds / (RANGE_SECONDS * lanes))
    joined = LAME_RANGES if plan.format is Format.MP3 else 1
    begun = [i for i in range(rounds) if i % joined == 0 or i >= rounds - LAST_RANGES]
    return [Fraction(lane * rounds + i, lanes * rounds) for lane in range(lanes) for i in begun]


def _frame(rendition: Rendition, share: Fraction) -> int:
    """The frame nearest to a share of the whole."""
    return round(share * rendition.samples / rendition.frame_samples)


def pays_to_decode_first(plan: Plan, cores: int) -> bool:
    """Whether decoding once to disk and encoding on all cores beats one core that does both. PCM is its own encode: nothing is gained."""
    decoded = _unenterable(plan)
    if not decoded or cores < 2 or plan.format in WAV_FAMILY:
        return False
    return plan.seconds >= MIN_DECODED_SECONDS and all((source.seconds or 0) <= MAX_DECODED_SECONDS for source in decoded)


def decoded_bytes(plan: Plan, cores: int) -> int:
    """Room that a run's decoded sources take at most: decoders give samples of four bytes and less, but for PCM of eight."""
    if not pays_to_decode_first(plan, cores):
        return 0
    return sum((8 if "64" in source.codec else 4) * source.channels * (source.samples or 0) for source in _unenterable(plan))


def _unenterable(plan: Plan) -> list[Source]:
    """Sources that no seek enters to the sample."""
    return [source for source in plan.sources if not source.seekable]


class Stretches:
    """Who encodes which range: each lane its own stretch in order, so that its encoder goes on from range to range and only one per
    lane has to start in the middle. A lane that is done takes from the end of the longest stretch that is left."""

    def __init__(self, count: int, lanes: int) -> None:
        """Ranges 0 … count − 1 for so many lanes."""
        self._left = [deque(range(count * lane // lanes, count * (lane + 1) // lanes)) for lane in range(lanes)]

    def take(self, lane: int) -> int | None:
        """The next range for a lane; None when all are taken."""
        if self._left[lane]:
            return self._left[lane].popleft()
        longest = max(self._left, key=len)
        return longest.pop() if longest else None
