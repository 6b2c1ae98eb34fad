"""Clips to cuts: which samples of which source are heard, once the trim and its meaning for this input are decided (CONTRACT 2)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from transforms.errors import TrimStartExceedsDuration
from transforms.source import Source
from transforms.spec import Spec, TrimMode, TrimPoint


@dataclass(frozen=True, slots=True)
class Cut:
    """Samples [start, end) of `sources[source]`, played `plays` times in a row."""

    source: int
    start: int
    end: int
    plays: int = 1

    @property
    def samples(self) -> int:
        """Source samples this cut contributes, repeats included."""
        return (self.end - self.start) * self.plays


def timeline(spec: Spec, sources: Sequence[Source]) -> list[Cut]:
    """Clips to cuts: the trim applies to the primary alone, or to everything (CONTRACT 2, "Timeline")."""
    whole = [Cut(i, 0, _measured(sources[i]), clip.plays) for i, clip in enumerate(spec.clips)]
    if spec.trim_start is None and spec.trim_end is None:
        return whole
    start, end = (_seconds(point, sources[0]) for point in (spec.trim_start, spec.trim_end))
    if spec.trim_mode is TrimMode.BEFORE_REPEAT:
        primary = whole[0]
        rate = sources[0].sample_rate_hz
        first, last = _window(start, end, Fraction(primary.end, rate))
        cut = Cut(0, nearest(first * rate), nearest(last * rate), primary.plays)
        return [_not_empty(cut), *whole[1:]]
    total = sum((Fraction(cut.samples, sources[cut.source].sample_rate_hz) for cut in whole), Fraction(0))
    first, last = _window(start, end, total)
    return list(_clip(whole, sources, first, last))


def _measured(source: Source) -> int:
    assert source.samples is not None
    return source.samples


def _seconds(point: TrimPoint | None, primary: Source) -> Fraction | None:
    """The time a trim point means for this input; raises when its frame number does not exist at the video's rate."""
    if point is None:
        return None
    if primary.frame_rate is None:
        return point.seconds + Fraction(point.hundredths, 100)
    if point.hundredths >= primary.frame_rate:
        number, rate = f"{point.seconds}.{point.hundredths:02d}", float(primary.frame_rate)
        raise TrimStartExceedsDuration(f"Frame {point.hundredths} of '{number}' does not exist: the video has {rate:g} frames a second.")
    return point.seconds + point.hundredths / primary.frame_rate


def _window(start: Fraction | None, end: Fraction | None, length: Fraction) -> tuple[Fraction, Fraction]:
    """The part of `length` seconds that a trim keeps; `te` beyond the end has no effect, `ts` there is an error."""
    first = start or Fraction(0)
    if first >= length:
        raise TrimStartExceedsDuration(f"The trim starts at {float(first):g} s, but the audio is only {float(length):.2f} s long.")
    last = length if end is None else min(end, length)
    if last <= first:
        # `params` makes no such spec, and frame numbers that exist sort as they are written; whoever makes one otherwise is told.
        raise TrimStartExceedsDuration("The trim ends before it starts.")
    return first, last


def _not_empty(cut: Cut) -> Cut:
    if cut.end <= cut.start:
        raise TrimStartExceedsDuration("The trim leaves no audio.")
    return cut


def nearest(value: Fraction) -> int:
    """Round half up: the nearest sample to a time."""
    return floor(value + Fraction(1, 2))


def _clip(cuts: Iterable[Cut], sources: Sequence[Source], first: Fraction, last: Fraction) -> Iterator[Cut]:
    """The cuts that lie within [first, last) seconds of the assembled timeline: partial plays become cuts of their own."""
    begins = Fraction(0)
    kept = False
    for cut in cuts:
        rate = sources[cut.source].sample_rate_hz
        ends = begins + Fraction(cut.samples, rate)
        low = nearest((max(first, begins) - begins) * rate)
        high = nearest((min(last, ends) - begins) * rate)
        if low < high:
            kept = True
            yield from _part(cut, low, high)
        begins = ends
    if not kept:
        raise TrimStartExceedsDuration("The trim leaves no audio.")


def _part(cut: Cut, low: int, high: int) -> Iterator[Cut]:
    """Samples [low, high) of a repeated cut as at most three cuts: the rest of a play, whole plays, the beginning of one."""
    length = cut.end - cut.start
    play, offset = divmod(low, length)
    if offset:
        stop = min(length, offset + high - low)
        yield Cut(cut.source, cut.start + offset, cut.start + stop)
        play += 1
    whole, rest = divmod(high - play * length, length) if high > play * length else (0, 0)
    if whole:
        yield Cut(cut.source, cut.start, cut.end, whole)
    if rest:
        yield Cut(cut.source, cut.start, cut.start + rest)
