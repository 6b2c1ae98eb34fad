"""The planner against a model that looks at every single sample (hypothesis)."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.test_plan import source
from transforms.errors import RefusedInput, TrimStartExceedsDuration
from transforms.limits import PlanLimits
from transforms.plan import Plan, plan
from transforms.source import Source
from transforms.spec import Clip, Format, Spec, TrimMode, TrimPoint, Variant

HALF = Fraction(1, 2)

RATES = st.sampled_from([4_000, 8_000, 11_025, 22_050, 44_100, 48_000])


@st.composite
def small_sources(draw: st.DrawFn, rates: st.SearchStrategy[int] = RATES) -> Source:
    """Sources of up to a tenth of a second, short enough to look at each sample."""
    rate = draw(rates)
    return source(draw(st.integers(1, rate // 10)), rate, draw(st.sampled_from(["mono", "stereo"])))


@st.composite
def timelines(draw: st.DrawFn) -> tuple[Spec, list[Source]]:
    sources = draw(st.lists(small_sources(), min_size=1, max_size=4))
    clips = tuple(Clip(f"/{i}", draw(st.integers(1, 4))) for i in range(len(sources)))
    start, end = draw(st.integers(0, 40)), draw(st.none() | st.integers(1, 60))
    spec = Spec(
        format=Format.WAV_RF64,
        clips=clips,
        variants=(Variant(None, draw(st.sampled_from([8_000, 22_050, 44_100, 48_000]))),),
        trim_start=TrimPoint(0, start) if start else None,
        trim_end=TrimPoint(0, end) if end else None,
        trim_mode=draw(st.sampled_from(TrimMode)),
    )
    return spec, sources


def every_sample(spec: Spec, sources: Sequence[Source]) -> list[tuple[int, int]]:
    """The model: all (source, sample) that are played, one by one. A sample is kept when its middle lies within the trim."""
    first, last = _window(spec)
    played: list[tuple[int, int]] = []
    if spec.trim_mode is TrimMode.AFTER_REPEAT:
        begins = Fraction(0)
        for position, clip in enumerate(spec.clips):
            length, rate = _length(sources[position]), sources[position].sample_rate_hz
            whole = [(position, k) for k in range(length)] * clip.plays
            played += [each for k, each in enumerate(whole) if first < begins + (k + HALF) / rate <= last]
            begins += Fraction(len(whole), rate)
        return played
    for position, clip in enumerate(spec.clips):
        rate = sources[position].sample_rate_hz
        once = [(position, k) for k in range(_length(sources[position])) if position > 0 or first < (k + HALF) / rate <= last]
        if not once:
            return []  # a primary of which nothing is left is an error, whatever is appended
        played += once * clip.plays
    return played


def _window(spec: Spec) -> tuple[Fraction, Fraction]:
    start = Fraction(spec.trim_start.hundredths, 100) if spec.trim_start else Fraction(0)
    end = Fraction(spec.trim_end.hundredths, 100) if spec.trim_end else Fraction(10**9)
    return start, end


def _length(one: Source) -> int:
    assert one.samples is not None
    return one.samples


def _samples(decided: Plan) -> Iterator[tuple[int, int]]:
    for run in decided.runs:
        for cut in run.cuts:
            yield from [(cut.source, k) for k in range(cut.start, cut.end)] * cut.plays


@given(timelines())
def test_the_plan_plays_exactly_the_samples_of_the_model(timeline: tuple[Spec, list[Source]]) -> None:
    spec, sources = timeline
    expected = every_sample(spec, sources)
    if expected:
        assert list(_samples(plan(spec, sources, PlanLimits()))) == expected
    else:
        with pytest.raises(TrimStartExceedsDuration):
            plan(spec, sources, PlanLimits())


@given(timelines())
def test_lengths_add_up(timeline: tuple[Spec, list[Source]]) -> None:
    spec, sources = timeline
    try:
        decided = plan(spec, sources, PlanLimits())
    except RefusedInput:
        return
    assert decided.seconds == sum(Fraction(cut.samples, run.sample_rate_hz) for run in decided.runs for cut in run.cuts)
    (rendition,) = decided.renditions
    assert abs(rendition.samples - decided.seconds * rendition.sample_rate_hz) <= HALF or rendition.samples == 1
    starts = rendition.run_starts
    assert len(starts) == len(decided.runs)
    assert starts[0] == 0
    assert list(starts) == sorted(starts)
    assert starts[-1] <= rendition.samples


@given(timelines())
def test_cuts_stay_within_their_sources_and_runs_are_of_one_kind(timeline: tuple[Spec, list[Source]]) -> None:
    spec, sources = timeline
    try:
        decided = plan(spec, sources, PlanLimits())
    except RefusedInput:
        return
    for run in decided.runs:
        for cut in run.cuts:
            assert 0 <= cut.start < cut.end <= _length(sources[cut.source])
            assert cut.plays >= 1
            assert (sources[cut.source].sample_rate_hz, sources[cut.source].layout) == (run.sample_rate_hz, run.layout)
    kinds = [(run.sample_rate_hz, run.layout) for run in decided.runs]
    assert all(one != following for one, following in pairwise(kinds))


@given(st.lists(small_sources(), min_size=1, max_size=3), st.integers(1, 60), st.integers(1, 60))
def test_two_neighbouring_trims_are_the_whole(sources: list[Source], at: int, plays: int) -> None:
    """[0, t) and [t, end) of a repeated timeline have no sample twice and none less, wherever t falls."""
    clips = tuple(Clip(f"/{i}", plays) for i in range(len(sources)))

    def played(start: TrimPoint | None, end: TrimPoint | None) -> list[tuple[int, int]]:
        spec = Spec(Format.WAV_RIFF, clips, (Variant(None, 48_000),), start, end, TrimMode.AFTER_REPEAT)
        try:
            return list(_samples(plan(spec, sources, PlanLimits())))
        except TrimStartExceedsDuration:
            return []

    assert played(None, TrimPoint(0, at)) + played(TrimPoint(0, at), None) == played(None, None)


@given(timelines())
def test_repeating_by_rp_and_by_append_is_the_same_sound(timeline: tuple[Spec, list[Source]]) -> None:
    """What `params` relies on when it joins neighbours of one file."""
    spec, sources = timeline
    last = spec.clips[-1]
    if len(spec.clips) == 1 or last.plays == 1:
        return
    split = Spec(
        spec.format,
        (*spec.clips[:-1], Clip(last.path, last.plays - 1), Clip(last.path, 1)),
        spec.variants,
        spec.trim_start,
        spec.trim_end,
        spec.trim_mode,
    )
    try:
        joined = plan(spec, sources, PlanLimits())
    except TrimStartExceedsDuration:
        with pytest.raises(TrimStartExceedsDuration):
            plan(split, [*sources, sources[-1]], PlanLimits())
        return
    apart = plan(split, [*sources, sources[-1]], PlanLimits())
    names = {len(sources): len(sources) - 1}
    assert [(names.get(index, index), sample) for index, sample in _samples(apart)] == list(_samples(joined))
    assert apart.renditions == joined.renditions
