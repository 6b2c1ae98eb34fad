from fractions import Fraction
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.hls_plans import TEN_HOURS_SECONDS, lengths, plan_of, rate_sets
from transforms.hls.segments import (
    MIN_TAIL_SECONDS,
    TARGET_DURATION_SECONDS,
    FrameSpan,
    boundary,
    segment_count,
    segmentation,
)
from transforms.limits import AAC_SAMPLE_RATES_HZ


def seconds_of(frames: int, rate_hz: int) -> Fraction:
    return Fraction(frames * 1024, rate_hz)


def test_the_first_segments_at_48_khz_are_short() -> None:
    assert list(segmentation(plan_of(30)).frames(0))[:6] == [55, 39, 94, 188, 188, 188]


@pytest.mark.parametrize("rate_hz", [rate_hz for rate_hz in AAC_SAMPLE_RATES_HZ if rate_hz > 32_000])
def test_the_first_segment_has_the_frames_that_ffmpeg_s_client_probes(rate_hz: int) -> None:
    assert boundary(1, rate_hz) >= 50


@pytest.mark.parametrize("rate_hz", AAC_SAMPLE_RATES_HZ)
def test_boundaries_lie_at_about_1_2_4_8_12_seconds(rate_hz: int) -> None:
    for index, seconds in enumerate([Fraction(0), Fraction(55 * 1024, 48_000), *map(Fraction, (2, 4, 8, 12, 16, 20))]):
        assert abs(seconds_of(boundary(index, rate_hz), rate_hz) - seconds) <= Fraction(1024, 2 * rate_hz) + Fraction(seconds, 300)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.01, 1),
        (0.2, 1),
        (1.0, 1),
        (1.3, 1),
        (1.4, 2),
        (2.1, 2),
        (2.2, 3),
        (4.1, 3),
        (4.2, 4),
        (8.1, 4),
        (8.2, 5),
        (3600, 900),
        (36_000, 8979),
    ],
)
def test_the_number_of_segments(seconds: float, expected: int) -> None:
    assert segment_count(Fraction(seconds)) == expected
    assert segmentation(plan_of(seconds)).count == expected


def test_a_tail_of_a_few_milliseconds_belongs_to_the_segment_before_it() -> None:
    regular = segmentation(plan_of(Fraction(376 * 8, 375)))
    with_tail = segmentation(plan_of(Fraction(376 * 8, 375) + Fraction(21, 1000)))
    assert regular.count == with_tail.count == 4
    assert with_tail.span(0, 3).frames == regular.span(0, 3).frames + 1


@given(lengths(), rate_sets())
def test_segments_cover_every_frame_of_every_rendition_once(seconds: Fraction, rates_hz: list[int]) -> None:
    plan = plan_of(seconds, rates_hz)
    cut = segmentation(plan)
    last = cut.count - 1
    for rendition in range(len(rates_hz)):
        first_spans = [cut.span(rendition, index) for index in range(min(cut.count, 8))]
        last_spans = [cut.span(rendition, index) for index in range(max(0, last - 8), cut.count)]
        for spans in (first_spans, last_spans):
            assert all(before.end == after.start for before, after in pairwise(spans))
            assert all(span.frames > 0 for span in spans)
        assert first_spans[0].start == 0
        assert last_spans[-1].end == plan.renditions[rendition].frames == -(-plan.renditions[rendition].samples // 1024) + 1


@given(lengths(), rate_sets())
def test_boundaries_are_the_nearest_frames_to_the_same_times(seconds: Fraction, rates_hz: list[int]) -> None:
    cut = segmentation(plan_of(seconds, rates_hz))
    for index in {0, 1, 2, 3, cut.count // 2, cut.count - 1} & set(range(cut.count)):
        assert cut.spans(index) == tuple(cut.span(rendition, index) for rendition in range(len(rates_hz)))
        starts = [(seconds_of(span.start, rate), Fraction(1024, 2 * rate)) for span, rate in zip(cut.spans(index), rates_hz, strict=True)]
        earliest, latest = max(time - half for time, half in starts), min(time + half for time, half in starts)
        assert earliest <= latest, "one time lies within half a frame of all starts"


@given(lengths(), rate_sets())
def test_no_segment_breaks_the_target_duration_and_none_is_a_stray(seconds: Fraction, rates_hz: list[int]) -> None:
    cut = segmentation(plan_of(seconds, rates_hz))
    for rendition, rate_hz in enumerate(rates_hz):
        for index in range(max(0, cut.count - 3), cut.count):
            extinf = seconds_of(cut.span(rendition, index).frames, rate_hz)
            assert extinf < TARGET_DURATION_SECONDS + Fraction(1, 2)
            assert cut.count == 1 or extinf > MIN_TAIL_SECONDS


@pytest.mark.parametrize("rate_hz", AAC_SAMPLE_RATES_HZ)
def test_every_middle_segment_is_a_regular_one(rate_hz: int) -> None:
    cut = segmentation(plan_of(TEN_HOURS_SECONDS, [rate_hz]))
    middle = list(cut.frames(0))[3:-1]
    assert max(middle) - min(middle) <= 1
    assert all(abs(seconds_of(frames, rate_hz) - 4) <= Fraction(1024, rate_hz) + Fraction(1, 90) for frames in middle)


@given(lengths(), lengths(), st.sampled_from(AAC_SAMPLE_RATES_HZ))
def test_settled_segments_stay_whatever_follows(known: Fraction, more: Fraction, rate_hz: int) -> None:
    shorter, longer = segmentation(plan_of(known, [rate_hz])), segmentation(plan_of(min(known + more, Fraction(40_000)), [rate_hz]))
    settled = segment_count(known) - 1
    assert 0 <= settled == shorter.count - 1 < longer.count
    for index in {0, settled // 2, settled - 1} & set(range(settled)):
        assert shorter.span(0, index) == longer.span(0, index) == FrameSpan(boundary(index, rate_hz), boundary(index + 1, rate_hz))


def test_a_segment_that_does_not_exist_is_an_index_error() -> None:
    cut = segmentation(plan_of(10))
    for index in (-1, cut.count):
        with pytest.raises(IndexError):
            cut.span(0, index)
    assert [cut.is_last(index) for index in range(cut.count)] == [False] * (cut.count - 1) + [True]


def test_a_segment_of_ten_hours_is_found_without_listing_the_others() -> None:
    cut = segmentation(plan_of(TEN_HOURS_SECONDS, AAC_SAMPLE_RATES_HZ))
    started = perf_counter()
    for _ in range(1000):
        cut.spans(cut.count - 2)
    assert perf_counter() - started < 1, "1,000 look-ups in ten renditions"
