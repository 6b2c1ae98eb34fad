"""The planner against tables worked out by hand, and against a model that looks at every single sample."""

from fractions import Fraction
from urllib.parse import parse_qsl

import pytest

from transforms.cuts import Cut
from transforms.errors import TooLarge, TrimStartExceedsDuration, UnsupportedInput
from transforms.limits import MAX_PLAYS, PlanLimits
from transforms.params import parse
from transforms.plan import Plan, output_bytes, plan
from transforms.source import Source
from transforms.spec import Clip, Format, RealTime, Spec, TrimPoint, Variant

HALF = Fraction(1, 2)


def source(samples: int | None, rate: int = 48_000, layout: str = "stereo", frame_rate: Fraction | None = None) -> Source:
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    return Source("wav", "pcm_s16le", rate, channels, layout, samples, seekable=True, frame_rate=frame_rate)


def planned(query: str, *sources: Source, limits: PlanLimits | None = None) -> Plan:
    return plan(parse("/0", parse_qsl(query)), sources, limits or PlanLimits())


def cuts(decided: Plan) -> list[tuple[int, int, int, int]]:
    return [(cut.source, cut.start, cut.end, cut.plays) for run in decided.runs for cut in run.cuts]


MINUTE = source(60 * 48_000)
TEN = source(10 * 44_100, 44_100)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [(0, 0, 2_880_000, 1)]),
        ("ts=5&te=15", [(0, 240_000, 720_000, 1)]),
        ("ts=1.5", [(0, 72_000, 2_880_000, 1)]),
        ("ts=30.75", [(0, 1_476_000, 2_880_000, 1)]),
        ("te=0.01", [(0, 0, 480, 1)]),
        ("te=86399", [(0, 0, 2_880_000, 1)]),
        ("te=60", [(0, 0, 2_880_000, 1)]),
        ("rp=3", [(0, 0, 2_880_000, 3)]),
        ("ts=59&rp=3", [(0, 2_832_000, 2_880_000, 3)]),
        ("ts=30&te=90&rp=2&tm=after-repeat", [(0, 1_440_000, 2_880_000, 1), (0, 0, 1_440_000, 1)]),
        ("ts=30&te=150&rp=4&tm=after-repeat", [(0, 1_440_000, 2_880_000, 1), (0, 0, 2_880_000, 1), (0, 0, 1_440_000, 1)]),
        ("ts=60&te=180&rp=4&tm=after-repeat", [(0, 0, 2_880_000, 2)]),
        ("ts=61&te=62&rp=4&tm=after-repeat", [(0, 48_000, 96_000, 1)]),
        ("ts=1&te=119&rp=2&tm=after-repeat", [(0, 48_000, 2_880_000, 1), (0, 0, 2_832_000, 1)]),
    ],
)
def test_cuts_of_one_file(query: str, expected: list[tuple[int, int, int, int]]) -> None:
    assert cuts(planned(query, MINUTE)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("append=/1", [(0, 0, 441_000, 1), (1, 0, 2_880_000, 1)]),
        ("ts=1&te=2&append=/1&rp=2", [(0, 44_100, 88_200, 1), (1, 0, 2_880_000, 2)]),
        ("ts=1&te=2&rp=2&append=/1", [(0, 44_100, 88_200, 2), (1, 0, 2_880_000, 1)]),
        ("ts=9&te=11&append=/1&tm=after-repeat", [(0, 396_900, 441_000, 1), (1, 0, 48_000, 1)]),
        ("ts=12&append=/1&tm=after-repeat", [(1, 96_000, 2_880_000, 1)]),
        ("te=10&append=/1&tm=after-repeat", [(0, 0, 441_000, 1)]),
        ("ts=10&append=/1&tm=after-repeat", [(1, 0, 2_880_000, 1)]),
    ],
)
def test_cuts_of_two_files(query: str, expected: list[tuple[int, int, int, int]]) -> None:
    assert cuts(planned(query, TEN, MINUTE)) == expected


@pytest.mark.parametrize(
    ("query", "start_seconds", "frame_rate"),
    [
        ("ts=30.12", Fraction("30.48"), Fraction(25)),  # the example of CONTRACT 2
        ("ts=30.00", Fraction(30), Fraction(25)),
        ("ts=30.24", Fraction("30.96"), Fraction(25)),
        ("ts=30.5", 30 + Fraction(50, 60), Fraction(60)),  # right-padded: frame 50
        ("ts=30.29", 30 + 29 / Fraction(30_000, 1001), Fraction(30_000, 1001)),
    ],
)
def test_decimals_are_frame_numbers_when_there_is_a_video(query: str, start_seconds: Fraction, frame_rate: Fraction) -> None:
    decided = planned(query, source(60 * 48_000, frame_rate=frame_rate))
    assert decided.runs[0].cuts[0].start == round(start_seconds * 48_000)


@pytest.mark.parametrize("query", ["ts=30.25", "te=30.25", "ts=30.5", "ts=1&te=30.99", "te=3.30&rp=2&tm=after-repeat"])
def test_frame_numbers_that_do_not_exist_are_refused(query: str) -> None:
    with pytest.raises(TrimStartExceedsDuration, match="25 frames a second"):
        planned(query, source(60 * 48_000, frame_rate=Fraction(25)))


@pytest.mark.parametrize(
    "query", ["ts=60", "ts=60.01", "ts=86399", "ts=60&append=/1", "ts=120&rp=2&tm=after-repeat", "ts=120&append=/1&tm=after-repeat"]
)
def test_a_start_at_or_behind_the_end_is_refused(query: str) -> None:
    sources = [MINUTE, MINUTE] if "append" in query else [MINUTE]
    with pytest.raises(TrimStartExceedsDuration, match="starts at"):
        planned(query, *sources)


def test_a_start_behind_the_file_may_lie_within_its_repeats() -> None:
    assert planned("ts=90&rp=2&tm=after-repeat", MINUTE).seconds == 30


@pytest.mark.parametrize("query", ["ts=0.02", "ts=0.02&rp=3", "ts=0.02&append=/1", "ts=0.02&append=/1&tm=after-repeat"])
def test_a_trim_that_rounds_to_nothing(query: str) -> None:
    """0.02 s are 220.5 samples: the last sample's first half is gone, so the sample is."""
    sources = [source(221, 11_025)] * (2 if "append" in query else 1)
    if "after" in query:
        assert cuts(planned(query, *sources)) == [(1, 0, 221, 1)]
        return
    with pytest.raises(TrimStartExceedsDuration, match="no audio"):
        planned(query, *sources)


def test_a_spec_that_ends_before_it_starts_is_refused() -> None:
    """`params` never makes one, but the planner does not rely on it."""
    spec = Spec(Format.MP3, (Clip("/0"),), (Variant(96, 48_000),), TrimPoint(2), TrimPoint(1))
    with pytest.raises(TrimStartExceedsDuration, match="before it starts"):
        plan(spec, [MINUTE], PlanLimits())


@pytest.mark.parametrize("samples", [None, 0])
def test_unmeasured_and_empty_sources_are_refused(samples: int | None) -> None:
    with pytest.raises(UnsupportedInput):
        planned("append=/1", MINUTE, source(samples))


def test_every_source_is_checked_against_the_limits() -> None:
    with pytest.raises(TooLarge, match="999 Hz"):
        planned("append=/1", MINUTE, source(999, 999))


def test_neighbours_of_one_kind_are_one_run() -> None:
    decided = planned("append=/1&append=/2&append=/3&append=/4", MINUTE, MINUTE, TEN, source(4410, 44_100, "mono"), MINUTE)
    assert [(len(run.cuts), run.sample_rate_hz, run.layout) for run in decided.runs] == [
        (2, 48_000, "stereo"),
        (1, 44_100, "stereo"),
        (1, 44_100, "mono"),
        (1, 48_000, "stereo"),
    ]
    assert decided.renditions[0].run_starts == (0, 5_760_000, 6_240_000, 6_244_800)


def test_rounding_does_not_add_up_over_runs() -> None:
    """A thousand joins of awkward lengths: every run starts at the sample nearest to its exact time."""
    paths = "&".join(f"append=/{i}" for i in range(1, 1000))
    sources = [source(1001 + i, 44_100 if i % 2 else 22_050) for i in range(1000)]
    rendition = planned(f"f=wav&sr=48&{paths}", *sources).renditions[0]
    time = Fraction(0)
    for start, each in zip(rendition.run_starts, sources, strict=True):
        assert abs(start - time * 48_000) <= HALF
        assert each.seconds is not None
        time += each.seconds
    assert abs(rendition.samples - time * 48_000) <= HALF


@pytest.mark.parametrize(
    ("query", "primary", "expected"),
    [
        # bitrate, rate, channels, layout, frame, samples, frames
        ("f=aac", MINUTE, (96, 48_000, 2, "stereo", 1024, 2_880_000, 2814)),
        ("f=aac&sr=44.1", MINUTE, (96, 44_100, 2, "stereo", 1024, 2_646_000, 2585)),
        ("f=aac", source(1024), (96, 48_000, 2, "stereo", 1024, 1024, 2)),
        ("f=aac", source(1025), (96, 48_000, 2, "stereo", 1024, 1025, 3)),
        ("f=aac", source(1), (96, 48_000, 2, "stereo", 1024, 1, 2)),
        ("f=aac", source(60 * 48_000, layout="5.1"), (96, 48_000, 2, "stereo", 1024, 2_880_000, 2814)),
        ("f=wav", source(60 * 48_000, layout="5.1"), (None, 48_000, 6, "5.1", 1, 2_880_000, 2_880_000)),
        ("f=wav-rf64&sr=8", source(4410, 44_100, "mono"), (None, 8_000, 1, "mono", 1, 800, 800)),
    ],
)
def test_renditions(query: str, primary: Source, expected: tuple[object, ...]) -> None:
    (one,) = planned(query, primary).renditions
    assert (one.bitrate_kbps, one.sample_rate_hz, one.channels, one.layout, one.frame_samples, one.samples, one.frames) == expected


@pytest.mark.parametrize(("rate", "frame"), [("22.05", 576), ("32", 1152), ("44.1", 1152), ("48", 1152)])
def test_mp3_frames_are_half_as_long_at_low_rates(rate: str, frame: int) -> None:
    (one,) = planned(f"f=mp3&sr={rate}", MINUTE).renditions
    assert one.frame_samples == frame
    assert one.frames * frame >= one.samples


def test_every_variant_is_a_rendition_of_the_same_time() -> None:
    decided = planned("f=hls-aac-rt&br=64&br=128&sr=44.1&br=256&rt=false", MINUTE)
    assert [(each.bitrate_kbps, each.sample_rate_hz, each.real_time) for each in decided.renditions] == [
        (64, 48_000, RealTime.AUTO),
        (128, 44_100, RealTime.AUTO),
        (256, 48_000, RealTime.FALSE),
    ]
    assert {each.seconds for each in decided.renditions} == {Fraction(60)}


def test_an_output_is_never_empty() -> None:
    assert planned("f=wav&sr=8", source(1, 192_000)).renditions[0].samples == 1


def test_output_limits_hold_before_work_starts() -> None:
    hour = source(3600 * 48_000)
    assert planned("f=mp3&rp=12", hour).seconds == 12 * 3600
    for plays in (13, MAX_PLAYS):
        with pytest.raises(TooLarge, match="43200 s are allowed"):
            planned(f"f=mp3&rp={plays}", hour)
    assert planned("f=wav-riff&sr=192", hour).seconds == 3600  # 2.76 GB
    with pytest.raises(TooLarge, match="wav-rf64"):
        planned("f=wav-riff&sr=192&rp=2", hour)
    assert planned("f=wav-rf64&sr=192&rp=2", hour).seconds == 7200


def test_the_riff_limit_is_met_to_the_byte() -> None:
    fits = (2**32 - 1 - 1024) // 4
    planned("f=wav-riff", source(fits))
    with pytest.raises(TooLarge, match="wav-rf64"):
        planned("f=wav-riff", source(fits + 1))


def test_expected_bytes() -> None:
    assert output_bytes(planned("f=wav", MINUTE).renditions[0]) == 60 * 48_000 * 4
    assert output_bytes(planned("f=mp3&br=128", MINUTE).renditions[0]) == 60 * 16_000


def test_cut_counts_its_repeats() -> None:
    assert Cut(0, 10, 25, 4).samples == 60
