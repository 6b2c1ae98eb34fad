"""The arithmetic of spans, runs and phase grids."""

from math import gcd

from hypothesis import given
from hypothesis import strategies as st

from transforms.cuts import Cut
from transforms.engine.messages import Span
from transforms.engine.timeline import Slice, common_start, content, run_at, run_end, settling, slices, span_samples
from transforms.plan import Rendition, Run

RATES = st.sampled_from([4_000, 8_000, 11_025, 22_050, 32_000, 35_467, 44_100, 48_000, 88_200, 96_000, 192_000])


def rendition(frame_samples: int, samples: int, run_starts: tuple[int, ...] = (0,)) -> Rendition:
    return Rendition(128, 48_000, 2, "stereo", frame_samples, samples, run_starts)


@given(st.sampled_from([1, 576, 1024, 1152]), st.integers(1, 50_000), st.lists(st.integers(0, 60), max_size=5))
def test_the_spans_of_an_encode_add_up_to_its_samples(frame_samples: int, samples: int, bounds: list[int]) -> None:
    made = rendition(frame_samples, samples)
    edges = sorted(bounds)
    spans = [Span(start, end) for start, end in zip([0, *edges], [*edges, None], strict=True)]
    assert sum(span_samples(made, span, samples) for span in spans) == samples
    assert content(made, made.frames, samples) == samples
    assert content(made, made.frames - 1, samples) < samples


def test_runs_of_an_output() -> None:
    made = rendition(1024, 100, (0, 40, 70))
    assert [run_at(made, sample) for sample in (0, 39, 40, 69, 70, 99, 100, 500)] == [0, 0, 1, 1, 2, 2, 2, 2]
    assert [run_end(made, run) for run in range(3)] == [40, 70, 100]


@given(RATES, st.lists(st.tuples(RATES, st.integers(0, 10_000_000)), min_size=1, max_size=4))
def test_a_common_start_is_on_every_grid_and_early_enough(run_hz: int, wanted: list[tuple[int, int]]) -> None:
    start = common_start(run_hz, wanted)
    assert start >= 0
    for rate, first in wanted:
        assert start * rate % run_hz == 0
        assert start % (run_hz // gcd(run_hz, rate)) == 0
        assert start == 0 or first - start * rate // run_hz >= settling(run_hz, rate)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(1, 40), st.integers(1, 4)), min_size=1, max_size=4),
    st.integers(0, 400),
)
def test_slices_are_the_run_from_a_sample_on(numbers: list[tuple[int, int, int, int]], start: int) -> None:
    cuts = tuple(Cut(source, first, first + length, plays) for source, first, length, plays in numbers)
    played = [(cut.source, sample) for cut in cuts for _ in range(cut.plays) for sample in range(cut.start, cut.end)]
    found = [(part.source, sample) for part in slices(Run(cuts, 48_000, "stereo"), start) for sample in range(part.start, part.end)]
    assert found == played[start:]


def test_many_plays_are_not_listed_ahead() -> None:
    run = Run((Cut(0, 0, 10, 10**12),), 48_000, "stereo")
    assert next(slices(run, 10**12 + 3)) == Slice(0, 3, 10)
