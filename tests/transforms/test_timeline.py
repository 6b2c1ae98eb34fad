"""ts, te, tm, append and rp: the time and timeline rules of CONTRACT 2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.queries import PRIMARY, refusal, spec_of
from transforms.limits import MAX_PLAYS
from transforms.params import format_trim_point
from transforms.spec import Clip, TrimMode, TrimPoint


@pytest.mark.parametrize(
    ("value", "point"),
    [
        ("5", (5, 0)),
        ("1.5", (1, 50)),
        ("1.50", (1, 50)),
        ("1.05", (1, 5)),
        ("30.75", (30, 75)),
        ("30.12", (30, 12)),
        ("0.01", (0, 1)),
        ("007", (7, 0)),
        ("86399", (86_399, 0)),
        ("86399.00", (86_399, 0)),
    ],
)
def test_times_are_right_padded(value: str, point: tuple[int, int]) -> None:
    assert spec_of(f"te={value}").trim_end == TrimPoint(*point)
    assert spec_of(f"ts={value}").trim_start == TrimPoint(*point)


@pytest.mark.parametrize("name", ["ts", "te"])
@pytest.mark.parametrize(
    "value", ["", "-1", "+1", "1.", ".5", "1.234", "1,5", "1e2", "86399.01", "86400", "99999", "1 ", "nan", "٣", "1" * 600]
)
def test_other_times_are_refused(name: str, value: str) -> None:
    error = refusal(f"f=mp3&{name}={value.replace('+', '%2B')}")
    assert (error.parameter, error.value) == (name, value)
    assert "0 to 86399" in error.allowed


@pytest.mark.parametrize("query", ["ts=5&te=5", "ts=5.5&te=5.50", "ts=5.05&te=5.04", "ts=10&te=9.99", "te=0", "te=3&ts=4", "ts=0&te=0.00"])
def test_an_end_at_or_before_the_start_is_refused(query: str) -> None:
    assert refusal(query).parameter == "te"


def test_an_end_right_behind_the_start_is_taken() -> None:
    assert spec_of("ts=5.04&te=5.05").trim_start == TrimPoint(5, 4)


@pytest.mark.parametrize("value", ["0", "0.0", "0.00", "00"])
def test_a_start_of_zero_is_no_trim(value: str) -> None:
    assert spec_of(f"f=mp3&ts={value}&tm=after-repeat&rp=2") == spec_of("f=mp3&rp=2")


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("ts=1&rp=2&tm=after-repeat", TrimMode.AFTER_REPEAT),
        ("ts=1&append=/a.mp3&tm=after-repeat", TrimMode.AFTER_REPEAT),
        ("te=1&rp=2&tm=before-repeat", TrimMode.BEFORE_REPEAT),
        ("te=1&rp=2", TrimMode.BEFORE_REPEAT),
        ("te=1&tm=after-repeat", TrimMode.BEFORE_REPEAT),
        ("te=1&rp=1&tm=after-repeat", TrimMode.BEFORE_REPEAT),
        ("tm=after-repeat&rp=2", TrimMode.BEFORE_REPEAT),
        ("tm=after-repeat&rp=3&rp=1&te=4", TrimMode.BEFORE_REPEAT),
    ],
)
def test_tm_counts_where_its_order_matters(query: str, mode: TrimMode) -> None:
    assert spec_of(query).trim_mode is mode


def test_unknown_trim_modes_are_refused_even_where_they_would_not_count() -> None:
    assert refusal("tm=after").allowed == "allowed are before-repeat, after-repeat"


@pytest.mark.parametrize(
    ("query", "clips"),
    [
        ("rp=3", [(PRIMARY, 3)]),
        ("rp=2&rp=5", [(PRIMARY, 5)]),
        ("append=/a.mp3", [(PRIMARY, 1), ("/a.mp3", 1)]),
        ("rp=2&append=/a.mp3&rp=3&append=/b c.mp3", [(PRIMARY, 2), ("/a.mp3", 3), ("/b c.mp3", 1)]),
        ("append=/a.mp3&rp=3&rp=2&append=/b.mp3&rp=4", [(PRIMARY, 1), ("/a.mp3", 2), ("/b.mp3", 4)]),
        ("append=/b.mp3&append=/a.mp3", [(PRIMARY, 1), ("/b.mp3", 1), ("/a.mp3", 1)]),
        ("append=%2Fx.mp3", [(PRIMARY, 1), ("/x.mp3", 1)]),
        ("append=/a.mp3&append=/a.mp3&rp=2", [(PRIMARY, 1), ("/a.mp3", 3)]),
        ("append=/a.mp3&append=/b.mp3&append=/a.mp3", [(PRIMARY, 1), ("/a.mp3", 1), ("/b.mp3", 1), ("/a.mp3", 1)]),
        (f"append={PRIMARY}", [(PRIMARY, 2)]),
        (f"ts=1&append={PRIMARY}", [(PRIMARY, 1), (PRIMARY, 1)]),
        (f"ts=1&append={PRIMARY}&append={PRIMARY}", [(PRIMARY, 1), (PRIMARY, 2)]),
        (f"ts=1&tm=after-repeat&append={PRIMARY}", [(PRIMARY, 2)]),
    ],
)
def test_the_timeline(query: str, clips: list[tuple[str, int]]) -> None:
    assert spec_of(f"f=mp3&{query}").clips == tuple(Clip(*each) for each in clips)


@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "two", "%2B2", str(MAX_PLAYS + 1), "9" * 700])
def test_other_repeat_counts_are_refused(value: str) -> None:
    assert refusal(f"f=mp3&rp={value}").parameter == "rp"


def test_joined_repeats_keep_the_limit() -> None:
    assert refusal(f"append=/a&rp={MAX_PLAYS}&append=/a").parameter == "rp"


@pytest.mark.parametrize("value", ["", "a.mp3", "http://example.org/a.mp3", "./a.mp3"])
def test_appended_paths_are_absolute(value: str) -> None:
    error = refusal(f"append={value}")
    assert (error.parameter, error.value) == ("append", value)


@given(st.integers(0, 86_398), st.integers(0, 99))
def test_times_are_written_as_they_are_read(seconds: int, hundredths: int) -> None:
    point = TrimPoint(seconds, hundredths)
    assert (spec_of(f"ts={format_trim_point(point)}").trim_start or TrimPoint(0)) == point
