"""Where samples and frames lie: pure arithmetic from a plan and a span to what must be read, resampled and encoded.

Positions on the output are samples of one rendition; positions inside a run are samples of the run's own rate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, repeat
from math import ceil, floor, gcd, lcm

from transforms.engine.messages import Span
from transforms.plan import Rendition, Run

RESAMPLER_SETTLES_SAMPLES = 128
"""Output samples after which a resampler started in the middle is bit-exact (ENGINE 3)."""

FILTER_TAPS = 64
"""Twice libswresample's default filter of 32 taps, counted at the slower of the two rates: what it may look back or ahead."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Samples [start, end) of `sources[source]`, read once."""

    source: int
    start: int
    end: int


def content(rendition: Rendition, frame: int, samples: int) -> int:
    """Content samples that lie before `frame`, of an output of `samples`."""
    return min(samples, max(0, frame * rendition.frame_samples - rendition.lead_samples))


def span_samples(rendition: Rendition, span: Span, samples: int) -> int:
    """Content samples of a span's own frames: over all spans they add up to `samples`."""
    end = samples if span.end is None else content(rendition, span.end, samples)
    return max(0, end - content(rendition, span.start, samples))


def run_end(rendition: Rendition, run: int) -> int:
    """The output sample behind run `run`."""
    following = run + 1
    return rendition.run_starts[following] if following < len(rendition.run_starts) else rendition.samples


def run_at(rendition: Rendition, sample: int) -> int:
    """The run that holds an output sample; the last one for samples at or behind the end."""
    for run in range(len(rendition.run_starts)):
        if sample < run_end(rendition, run):
            return run
    return len(rendition.run_starts) - 1


def resampled(samples: int, from_hz: int, to_hz: int) -> int:
    """The nearest number of samples of `to_hz` to `samples` of `from_hz`, halves up, as the plan rounds."""
    return floor(Fraction(samples * to_hz, from_hz) + Fraction(1, 2))


def settling(from_hz: int, to_hz: int) -> int:
    """Output samples to discard from a resampler that starts in the middle of a run."""
    return max(RESAMPLER_SETTLES_SAMPLES, ceil(Fraction(FILTER_TAPS * to_hz, from_hz)))


def filter_reach(from_hz: int, to_hz: int) -> int:
    """Input samples below which libswresample gives nothing at all, not even when flushed."""
    return ceil(FILTER_TAPS * max(Fraction(1), Fraction(from_hz, to_hz)))


def common_start(run_hz: int, wanted: Sequence[tuple[int, int]]) -> int:
    """The sample of a run from which its resamplers must be fed, so that each has settled when its own output begins.

    `wanted` holds (rate, first output sample of the run that is wanted) of each rendition. The answer lies on every resampler's
    phase grid: only there is resampling the same as from the run's beginning.
    """
    starts = [max(0, first - settling(run_hz, rate)) * run_hz // rate for rate, first in wanted]
    grid = lcm(*(run_hz // gcd(run_hz, rate) for rate, _ in wanted))
    return min(starts) // grid * grid


def slices(run: Run, start: int) -> Iterator[Slice]:
    """What to read for the samples of a run from `start` on, play by play."""
    position = 0
    for cut in run.cuts:
        length = cut.end - cut.start
        done = max(0, start - position)
        position += cut.samples
        if done >= cut.samples:
            continue
        play, offset = divmod(done, length)
        for first in chain((offset,), repeat(0, cut.plays - play - 1)):
            yield Slice(cut.source, cut.start + first, cut.end)
