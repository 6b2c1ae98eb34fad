from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.hls_plans import plan_of
from transforms.hls.bandwidth import Bandwidth, EncodedSegment, expected, measured
from transforms.hls.packed import SEGMENT_HEADER_BYTES
from transforms.hls.segments import segmentation
from transforms.limits import AAC_SAMPLE_RATES_HZ, AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS
from transforms.plan import Rendition

PAIRS = [(bitrate, rate) for bitrate, rates in AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS.items() for rate in rates]


def rendition(bitrate_kbps: int, rate_hz: int) -> Rendition:
    return Rendition(bitrate_kbps, rate_hz, 2, "stereo", 1024, 60 * rate_hz, (0,))


def bits_per_second(size_bytes: int, frames: int, rate_hz: int) -> int:
    return ceil(Fraction(size_bytes * 8 * rate_hz, frames * 1024))


def segments_of(frame_counts: list[int], bits_per_frame: float) -> list[EncodedSegment]:
    return [EncodedSegment(SEGMENT_HEADER_BYTES + round(frames * (7 + bits_per_frame / 8)), frames) for frames in frame_counts]


def test_expected_at_96_kbps_counts_the_container_on_top() -> None:
    adts_bps = 7 * 8 * 48_000 / 1024
    assert expected(rendition(96, 48_000)) == Bandwidth(ceil(120_000 + adts_bps + 73 * 8), ceil(96_000 + adts_bps + 73 * 8 / 4))


def test_the_codec_ceiling_caps_what_is_expected() -> None:
    ceiling_bps = 2 * 6144 * 48_000 / 1024
    assert ceiling_bps == 576_000
    assert expected(rendition(576, 48_000)).peak_bps == ceil(576_000 + 2625 + 584)
    assert expected(rendition(512, 44_100)).peak_bps == ceil(2 * 6144 * 44_100 / 1024 + 56 * 44_100 / 1024 + 584)


@pytest.mark.parametrize(("bitrate_kbps", "rate_hz"), PAIRS)
def test_a_stream_up_to_the_margin_stays_within_the_expected_peak(bitrate_kbps: int, rate_hz: int) -> None:
    one = rendition(bitrate_kbps, rate_hz)
    frame_counts = list(segmentation(plan_of(60, [rate_hz])).frames(0))
    most_bits = min(bitrate_kbps * 1250 * 1024 / rate_hz, 2 * 6144)
    assert measured(segments_of(frame_counts, most_bits), rate_hz).peak_bps <= expected(one).peak_bps + 8
    asked_bits = min(bitrate_kbps * 1000 * 1024 / rate_hz, 2 * 6144)
    assert measured(segments_of(frame_counts, asked_bits), rate_hz).average_bps == pytest.approx(expected(one).average_bps, rel=0.01)


def test_the_peak_is_of_runs_of_2_to_6_seconds() -> None:
    burst = [EncodedSegment(40_000, 47), EncodedSegment(1_000, 47), EncodedSegment(20_000, 94), EncodedSegment(48_000, 188)]
    by_hand = max(
        bits_per_second(41_000, 94, 48_000),
        bits_per_second(61_000, 188, 48_000),
        bits_per_second(21_000, 141, 48_000),
        bits_per_second(20_000, 94, 48_000),
        bits_per_second(48_000, 188, 48_000),
    )
    assert measured(burst, 48_000) == Bandwidth(by_hand, bits_per_second(109_000, 376, 48_000))


def test_a_short_last_segment_counts_only_with_its_neighbour() -> None:
    last_is_dense = [EncodedSegment(48_000, 188), EncodedSegment(9_000, 10)]
    assert measured(last_is_dense, 48_000).peak_bps == bits_per_second(57_000, 198, 48_000)


def test_a_list_shorter_than_any_run_is_its_own_peak() -> None:
    rate = bits_per_second(2_500, 10, 48_000)
    assert measured([EncodedSegment(2_500, 10)], 48_000) == Bandwidth(rate, rate)


@given(st.data(), st.sampled_from(AAC_SAMPLE_RATES_HZ), st.integers(1, 400))
def test_the_average_is_exact_and_never_above_the_peak(data: st.DataObject, rate_hz: int, tenths: int) -> None:
    frame_counts = list(segmentation(plan_of(Fraction(tenths, 10), [rate_hz])).frames(0))
    segments = [EncodedSegment(data.draw(st.integers(80, 10**6)), frames) for frames in frame_counts]
    found = measured(segments, rate_hz)
    assert found.average_bps == bits_per_second(sum(s.size_bytes for s in segments), sum(frame_counts), rate_hz)
    assert found.average_bps <= found.peak_bps
