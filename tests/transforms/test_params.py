"""Every rule of CONTRACT 2 and every query of the reference, as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.queries import PRIMARY, Pair, queries, refusal, spec_of
from transforms.errors import InvalidParameter
from transforms.limits import MAX_VARIANTS, bitrates_kbps, sample_rates_hz
from transforms.params import PARAMETERS, format_kilohertz, parse
from transforms.spec import HLS_FAMILY, REAL_TIME_FAMILY, Clip, Format, RealTime, Spec, TrimPoint, Variant

AUTO, TRUE, FALSE = RealTime.AUTO, RealTime.TRUE, RealTime.FALSE
DEFAULT = Variant(96, 48_000)


def test_nothing_asked_is_a_page_that_plays_96_kbps_aac() -> None:
    assert parse(PRIMARY, []) == Spec(Format.HTML_AAC, (Clip(PRIMARY),), (DEFAULT,))


@pytest.mark.parametrize("value", [*Format])
def test_every_format_is_known(value: str) -> None:
    assert spec_of(f"f={value}").format == value


def test_wav_is_another_name_of_wav_riff() -> None:
    assert spec_of("f=wav") == spec_of("f=wav-riff")


@pytest.mark.parametrize("value", ["", "MP3", "ogg", "mp3 ", "html", "hls"])
def test_other_formats_are_refused(value: str) -> None:
    error = refusal(f"f={value}")
    assert (error.parameter, error.value) == ("f", value)
    for allowed in [*Format, "wav"]:
        assert allowed in error.allowed


@pytest.mark.parametrize("format_", [each for each in Format if bitrates_kbps(each)])
def test_allowed_bitrates_and_no_others(format_: Format) -> None:
    for bitrate in bitrates_kbps(format_):
        assert spec_of(f"f={format_}&br={bitrate}").variants[0].bitrate_kbps == bitrate
    for value in ("17", "0", "-96", "96.0", "96k", "", "640", "٩٦", "9" * 500):
        error = refusal(f"f={format_}&br={value}")
        assert (error.parameter, error.value) == ("br", value)
        assert ", ".join(map(str, bitrates_kbps(format_))) in error.allowed


@pytest.mark.parametrize("format_", [each for each in Format if sample_rates_hz(each)])
def test_allowed_sample_rates_and_no_others(format_: Format) -> None:
    for rate in sample_rates_hz(format_):
        spec_of(f"f={format_}&sr={format_kilohertz(rate)}")
    for value in ("11.025", "48000", "44,1", "44.1.0", "-48", "", "44.", ".1", "4" * 500):
        error = refusal(f"f={format_}&sr={value}")
        assert (error.parameter, error.value) == ("sr", value)
        assert ", ".join(map(format_kilohertz, sample_rates_hz(format_))) in error.allowed


@pytest.mark.parametrize(
    ("query", "bitrate", "rate"),
    [
        ("f=aac&br=96&sr=24", 96, 32_000),  # the reference's own example of the adjustment
        ("f=aac&br=16", 16, 16_000),
        ("f=aac&br=576&sr=44.1", 576, 48_000),
        ("f=hls-aac&sr=44.10", 96, 44_100),
        ("f=mp3", 96, 48_000),
        ("f=mp3&br=16", 16, 22_050),
        ("f=mp3&br=168&sr=22.05", 168, 32_000),
        ("f=mp3&br=160&sr=22.05", 160, 22_050),
        ("f=wav", None, 48_000),
        ("f=wav-rf64&sr=192", None, 192_000),
        ("f=wav&br=96", None, 48_000),
        ("f=wav&br=banana&br=1", None, 48_000),
        ("f=mp3&rt=banana&rt=1", 96, 48_000),
    ],
)
def test_rates_are_adjusted_and_what_has_no_meaning_is_ignored(query: str, bitrate: int | None, rate: int) -> None:
    assert spec_of(query).variants == (Variant(bitrate, rate),)


@pytest.mark.parametrize(
    ("query", "format_"), [("f=mp3&sr=96", "mp3"), ("f=mp3&br=20", "mp3"), ("f=aac&br=72", "aac"), ("sr=192", "html-aac")]
)
def test_values_of_another_format_are_refused_by_name(query: str, format_: str) -> None:
    assert f"f={format_}" in refusal(query).allowed


VARIANT_GROUPS = [
    ("br=80&sr=24&br=256&sr=48", [(80, 32_000, AUTO), (256, 48_000, AUTO)]),
    ("br=80&br=256&sr=24&sr=48", [(80, 48_000, AUTO), (256, 32_000, AUTO), (96, 48_000, AUTO)]),
    ("br=80&rt=true&br=256&rt=auto", [(80, 48_000, TRUE), (256, 48_000, AUTO)]),
    ("br=80&rt=true&br=256&rt=false", [(80, 48_000, TRUE), (256, 48_000, FALSE)]),
    ("br=64&br=128&br=256&rt=false", [(64, 48_000, AUTO), (128, 48_000, AUTO), (256, 48_000, FALSE)]),
    ("br=80&br=256", [(80, 48_000, AUTO), (256, 48_000, AUTO)]),
    ("", [(96, 48_000, AUTO)]),
    ("next=true&next=true", [(96, 48_000, AUTO)]),
    ("br=80&next=true&next=true&sr=32", [(80, 48_000, AUTO), (96, 32_000, AUTO)]),
    ("br=80&sr=44.1&next=true", [(80, 44_100, AUTO)]),
    ("next=true&br=80&sr=44.1", [(80, 44_100, AUTO)]),
    ("br=80&next=false&next=1&next=&sr=44.1", [(80, 44_100, AUTO)]),
    ("br=80&ts=1&append=/a.mp3&rp=2&x=y&sr=44.1", [(80, 44_100, AUTO)]),
    ("sr=32&br=64&sr=44.1&br=128", [(64, 32_000, AUTO), (128, 44_100, AUTO)]),
    ("br=96&br=96", [(96, 48_000, AUTO), (96, 48_000, AUTO)]),
]


@pytest.mark.parametrize(("query", "expected"), VARIANT_GROUPS)
@pytest.mark.parametrize("format_", sorted(HLS_FAMILY))
def test_variant_groups(format_: Format, query: str, expected: list[tuple[int, int, RealTime]]) -> None:
    listed = [(kbps, rate, real_time if format_ in REAL_TIME_FAMILY else AUTO) for kbps, rate, real_time in expected]
    assert spec_of(f"f={format_}&{query}").variants == tuple(Variant(*each) for each in listed)


def test_ten_variants_and_no_more() -> None:
    assert len(spec_of("f=hls-aac" + "&br=96" * MAX_VARIANTS).variants) == 10
    error = refusal("f=hls-aac" + "&br=96" * MAX_VARIANTS + "&br=64")
    assert (error.parameter, error.value) == ("br", "64")
    assert "at most 10" in error.allowed


@pytest.mark.parametrize("format_", ["mp3", "aac", "wav", "wav-rf64"])
@pytest.mark.parametrize("query", ["sr=48&sr=32", "sr=48&next=true&sr=48"])
def test_one_output_takes_one_group(format_: str, query: str) -> None:
    error = refusal(f"f={format_}&{query}")
    assert error.parameter == "sr"
    assert "hls-aac" in error.allowed


def test_one_output_takes_one_bitrate() -> None:
    assert (refusal("f=mp3&br=80&br=256").parameter, refusal("f=mp3&br=80&br=256").value) == ("br", "256")


@pytest.mark.parametrize("value", ["", "yes", "True"])
def test_rt_is_checked_where_it_counts(value: str) -> None:
    error = refusal(f"f=hls-aac-rt&rt={value}")
    assert (error.parameter, error.value, error.allowed) == ("rt", value, "allowed are auto, true, false")
    assert spec_of(f"f=hls-aac&rt={value}").variants == (DEFAULT,)


def test_meta_ignores_everything_else() -> None:
    assert spec_of("f=meta&br=1&br=2&ts=9&te=3&rp=0&append=x&tm=?&rt=?") == Spec(Format.META, (Clip(PRIMARY),), ())


def test_a_parameter_given_twice_counts_as_given_last() -> None:
    assert spec_of("f=nonsense&f=mp3&ts=9&ts=1&te=2&tm=after-repeat&tm=before-repeat") == spec_of("f=mp3&ts=1&te=2")


def test_unknown_parameters_are_ignored() -> None:
    assert spec_of("f=mp3&foo=bar&br=64&=&F=aac&cache=false&a=/audio.mp3&wait=3") == spec_of("f=mp3&br=64")


REFERENCE_QUERIES = {
    "br=96": Spec(Format.HTML_AAC, (Clip(PRIMARY),), (DEFAULT,)),
    "f=hls-aac-rt&br=80&br=256": Spec(Format.HLS_AAC_RT, (Clip(PRIMARY),), (Variant(80, 48_000), Variant(256, 48_000))),
    "f=hls-aac&br=80&br=256": Spec(Format.HLS_AAC, (Clip(PRIMARY),), (Variant(80, 48_000), Variant(256, 48_000))),
    "f=mp3": Spec(Format.MP3, (Clip(PRIMARY),), (DEFAULT,)),
    "f=aac": Spec(Format.AAC, (Clip(PRIMARY),), (DEFAULT,)),
    "f=wav-riff": Spec(Format.WAV_RIFF, (Clip(PRIMARY),), (Variant(None, 48_000),)),
    "f=hls-aac-rt": Spec(Format.HLS_AAC_RT, (Clip(PRIMARY),), (DEFAULT,)),
    "f=meta": Spec(Format.META, (Clip(PRIMARY),), ()),
    "f=mp3&br=128&ts=5&te=65": Spec(Format.MP3, (Clip(PRIMARY),), (Variant(128, 48_000),), TrimPoint(5), TrimPoint(65)),
}


@pytest.mark.parametrize("query", REFERENCE_QUERIES)
def test_queries_of_the_reference(query: str) -> None:
    assert spec_of(query) == REFERENCE_QUERIES[query]


@given(queries(), st.lists(st.tuples(st.text().filter(lambda name: name not in PARAMETERS), st.text(), st.integers(0, 20)), max_size=4))
def test_unknown_parameters_anywhere_change_nothing(query: list[Pair], foreign: list[tuple[str, str, int]]) -> None:
    mixed = list(query)
    for name, value, position in foreign:
        mixed.insert(position, (name, value))
    assert parse(PRIMARY, mixed) == parse(PRIMARY, query)


@given(queries())
def test_what_only_stands_once_may_stand_anywhere(query: list[Pair]) -> None:
    """Only the order within the variant groups and within the timeline means something."""
    variants = [pair for pair in query if pair[0] in ("br", "sr", "rt", "next")]
    timeline = [pair for pair in query if pair[0] in ("append", "rp")]
    single = [pair for pair in query if pair[0] in ("f", "ts", "te", "tm")]
    expected = parse(PRIMARY, query)
    assert parse(PRIMARY, [*timeline, *single, *variants]) == expected
    assert parse(PRIMARY, [*reversed(single), *variants, *timeline]) == expected


@given(st.lists(st.tuples(st.sampled_from(PARAMETERS), st.text(max_size=12)), max_size=8))
def test_any_text_is_parsed_or_refused_by_name(params: list[Pair]) -> None:
    try:
        parse(PRIMARY, params)
    except InvalidParameter as error:
        refused = (error.parameter, error.value)
    else:
        return
    assert refused in params
