"""Preconditions and ranges against RFC 9110, clause by clause."""

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import PreconditionFailed, RangeNotSatisfiable
from app.web.http.conditional import Validators, http_date, select

SIZE = 1000
MODIFIED_SECONDS = 1_700_000_000
NOW = Validators("abc", MODIFIED_SECONDS * 1000 + 250)
SAME, EARLIER, LATER = (http_date(MODIFIED_SECONDS + shift) for shift in (0, -60, 60))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 1000),
        ("bytes=0-999", 0, 1000),
        ("bytes=10-19", 10, 20),
        ("bytes=990-5000", 990, 1000),
        ("bytes=999-", 999, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-1000", 0, 1000),
        ("bytes=-5000", 0, 1000),
        ("Bytes=1-2", 1, 3),
        ("bytes= 1-2 ", 1, 3),
    ],
)
def test_one_range_is_cut_out(asked: str, start: int, end: int) -> None:
    selection = select("GET", {"Range": asked}, NOW, SIZE)
    assert (selection.status, selection.start, selection.end) == (HTTPStatus.PARTIAL_CONTENT, start, end)


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=1000-",
        "bytes=1000-1001",
        "bytes=-0",
        "bytes=2-1",
        "bytes=-",
        "bytes=a-b",
        "bytes=1000-,2000-",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_what_no_byte_answers_is_416(asked: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        select("GET", {"Range": asked}, NOW, SIZE)
    assert refused.value.headers["Content-Range"] == "bytes */1000"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=0-1, 2000-", "items=0-1", "bytes", "bytes=", "0-1"])
def test_several_ranges_and_foreign_units_get_the_whole(asked: str) -> None:
    assert select("GET", {"Range": asked}, NOW, SIZE).status is HTTPStatus.OK


def test_a_range_of_nothing_is_416() -> None:
    with pytest.raises(RangeNotSatisfiable):
        select("GET", {"Range": "bytes=0-"}, NOW, 0)


def test_range_is_for_get_alone() -> None:
    assert select("HEAD", {"Range": "bytes=0-0"}, NOW, SIZE).status is HTTPStatus.OK


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        ('"abc"', 206),
        ('W/"abc"', 200),
        ('"other"', 200),
        (SAME, 206),
        (EARLIER, 200),
        (LATER, 200),
        ("yesterday", 200),
    ],
)
def test_if_range_must_match_exactly(if_range: str, status: int) -> None:
    assert select("GET", {"Range": "bytes=0-9", "If-Range": if_range}, NOW, SIZE).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": '"abc"'}, 304),
        ({"If-None-Match": 'W/"abc"'}, 304),
        ({"If-None-Match": '"x", W/"y" , "abc"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"x"'}, 200),
        ({"If-None-Match": "abc"}, 200),
        ({"If-Modified-Since": SAME}, 304),
        ({"If-Modified-Since": LATER}, 304),
        ({"If-Modified-Since": EARLIER}, 200),
        ({"If-Modified-Since": "not a date"}, 200),
        ({"If-None-Match": '"x"', "If-Modified-Since": LATER}, 200),
        ({"If-None-Match": '"abc"', "Range": "bytes=0-1"}, 304),
        ({"If-Match": '"abc"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"abc"', "If-Unmodified-Since": EARLIER}, 200),
        ({"If-Unmodified-Since": SAME}, 200),
    ],
)
def test_preconditions(headers: dict[str, str], status: int) -> None:
    for method in ("GET", "HEAD"):
        assert select(method, headers, NOW, SIZE).status == status


@pytest.mark.parametrize("headers", [{"If-Match": '"x"'}, {"If-Match": 'W/"abc"'}, {"If-Unmodified-Since": EARLIER}])
def test_a_version_that_is_gone_is_412(headers: dict[str, str]) -> None:
    with pytest.raises(PreconditionFailed):
        select("GET", headers, NOW, SIZE)


def test_without_a_date_only_tags_count() -> None:
    undated = Validators("abc")
    assert select("GET", {"If-Modified-Since": LATER, "If-Unmodified-Since": EARLIER}, undated, SIZE).status is HTTPStatus.OK
    assert select("GET", {"Range": "bytes=0-1", "If-Range": SAME}, undated, SIZE).status is HTTPStatus.OK


@given(size=st.integers(1, 2000), first=st.integers(0, 2500), length=st.integers(1, 2500))
def test_a_range_is_a_slice(size: int, first: int, length: int) -> None:
    body = bytes(index % 251 for index in range(size))
    try:
        selection = select("GET", {"Range": f"bytes={first}-{first + length - 1}"}, NOW, size)
    except RangeNotSatisfiable:
        assert first >= size
    else:
        assert body[selection.start : selection.end] == body[first : first + length]


@given(st.text(max_size=40))
def test_no_range_header_breaks_it(asked: str) -> None:
    try:
        selection = select("GET", {"Range": asked}, NOW, SIZE)
    except RangeNotSatisfiable:
        return
    assert 0 <= selection.start < selection.end <= SIZE
