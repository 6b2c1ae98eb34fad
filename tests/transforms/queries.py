"""Queries for tests: read one, expect its refusal, or let hypothesis make valid ones as lists of (name, value)."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import strategies as st

from transforms.errors import InvalidParameter
from transforms.limits import MAX_VARIANTS, bitrates_kbps, sample_rates_hz
from transforms.params import format_kilohertz, parse
from transforms.spec import HLS_FAMILY, Format, RealTime, Spec, TrimMode

Pair = tuple[str, str]

PATHS = st.lists(st.text("ab é+&=!?#%", min_size=1, max_size=4), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
PRIMARY = "/talk.wav"


def spec_of(query: str) -> Spec:
    return parse(PRIMARY, parse_qsl(query, keep_blank_values=True))


def refusal(query: str) -> InvalidParameter:
    """The refusal of a query, which must name the parameter, the value and what is allowed."""
    with pytest.raises(InvalidParameter) as caught:
        spec_of(query)
    error = caught.value
    assert error.parameter in str(error)
    assert error.value in str(error)
    assert error.allowed
    return error


def variant_group(format_: Format) -> st.SearchStrategy[list[Pair]]:
    """br, sr and rt of one variant in any order, each there or not; rt also where it has no meaning."""
    choices: list[st.SearchStrategy[Pair]] = [st.sampled_from(RealTime).map(lambda mode: ("rt", str(mode)))]
    if bitrates_kbps(format_):
        choices.append(st.sampled_from(bitrates_kbps(format_)).map(lambda kbps: ("br", str(kbps))))
    if sample_rates_hz(format_):
        choices.append(st.sampled_from(sample_rates_hz(format_)).map(lambda hz: ("sr", format_kilohertz(hz))))
    return st.lists(st.one_of(choices), max_size=3, unique_by=lambda pair: pair[0])


@st.composite
def variant_params(draw: st.DrawFn, format_: Format) -> list[Pair]:
    groups = draw(st.lists(variant_group(format_), max_size=MAX_VARIANTS if format_ in HLS_FAMILY else 1))
    return [pair for group in groups for pair in [*group, ("next", "true")]]


@st.composite
def trim_params(draw: st.DrawFn) -> list[Pair]:
    """ts and te in hundredths of a second, each there or not, in the right order, and perhaps a mode."""
    start, end = sorted(draw(st.lists(st.integers(0, 8_639_900), min_size=2, max_size=2, unique=True)))
    pairs = [("ts", _digits(start)), ("te", _digits(end))]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=2, unique=True))
    mode = draw(st.none() | st.sampled_from(TrimMode))
    return chosen + ([("tm", str(mode))] if mode else [])


@st.composite
def timeline_params(draw: st.DrawFn) -> list[Pair]:
    """append and rp in any order; the primary file may be appended too."""
    append = (PATHS | st.sampled_from([PRIMARY, "/a.mp3"])).map(lambda path: ("append", path))
    plays = st.integers(1, 20).map(lambda count: ("rp", str(count)))
    return draw(st.lists(append | plays, max_size=6))


@st.composite
def queries(draw: st.DrawFn, formats: tuple[Format, ...] = tuple(Format)) -> list[Pair]:
    """A whole valid query, its parts in any order."""
    format_ = draw(st.sampled_from(formats))
    parts = [[("f", str(format_))], draw(variant_params(format_)), draw(trim_params()), draw(timeline_params())]
    return [pair for part in draw(st.permutations(parts)) for pair in part]


def _digits(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"
