"""Path variables and destinations: tables, and what is refused."""

from datetime import UTC, datetime

import pytest

from app.errors import InvalidRequest
from app.files.destinations import Destination, destination_path
from app.files.path_variables import Moment, base58, expand

NOW_MS = int(datetime(2026, 1, 31, 23, 59, 58, 7000, UTC).timestamp() * 1000)
MOMENT = Moment(NOW_MS, lambda count: "0123456789"[:count], "My Talk.tar.MP3")


@pytest.mark.parametrize(
    ("template", "becomes"),
    [
        ("{UTC_DATE}", "2026-01-31"),
        ("{UTC_YEAR}/{UTC_MONTH}/{UTC_DAY}", "2026/01/31"),
        ("{UTC_HOUR}-{UTC_MINUTE}-{UTC_SECOND}-{UTC_MILLISECOND}", "23-59-58-007"),
        ("{UNIQUE_DIGITS_2}.{UNIQUE_DIGITS_4}", "01.0123"),
        ("{ORIGINAL_FILE_NAME}|{ORIGINAL_FILE_EXT}", "My Talk.tar|.MP3"),
        ("{UTC_TIME_TOKEN}", base58(NOW_MS)),
        ("{UTC_TIME_TOKEN_INVERSE}", base58(10**13 - NOW_MS)),
        (r"\{UTC_DATE}", "{UTC_DATE}"),
        ("{not one} {lower_case}", "{not one} {lower_case}"),
    ],
)
def test_variables(template: str, becomes: str) -> None:
    assert expand(template, MOMENT) == becomes


@pytest.mark.parametrize("template", ["{NOPE}", "{UNIQUE_DIGITS_0}", "{UNIQUE_DIGITS_33}", "{UNIQUE_DIGITS_}"])
def test_unknown_variables_are_refused(template: str) -> None:
    with pytest.raises(InvalidRequest):
        expand(template, MOMENT)


def test_base58_counts_like_the_vendor_does() -> None:
    assert [base58(number) for number in (0, 1, 57, 58, 58**2)] == ["1", "2", "z", "21", "211"]
    tokens = [base58(NOW_MS + step) for step in range(0, 10**9, 10**7)]
    assert tokens == sorted(tokens)


def test_inverse_tokens_list_the_newest_first() -> None:
    tokens = [expand("{UTC_TIME_TOKEN_INVERSE}", Moment(NOW_MS + step, lambda _: "", None)) for step in range(0, 10**9, 10**7)]
    assert tokens == sorted(tokens, reverse=True)


@pytest.mark.parametrize(
    ("name", "stem", "extension"),
    [
        ("a.mp3", "a", ".mp3"),
        ("../../etc/passwd", ".._.._etc_passwd", ""),
        (".bashrc", ".bashrc", ""),
        ("a\\b\0c.wav", "a_b_c", ".wav"),
        ("", "", ""),
    ],
)
def test_names_from_a_device_are_harmless(name: str, stem: str, extension: str) -> None:
    moment = Moment(NOW_MS, lambda _: "", name)
    assert (moment.stem, moment.extension) == (stem, extension)


def test_long_names_fit_into_a_segment() -> None:
    path = destination_path(Destination(), Moment(NOW_MS, lambda count: "9" * count, "ü" * 500 + ".mp3"))
    assert len(path.rpartition("/")[2].encode()) <= 255
    assert path.endswith(".mp3")


TOKEN = base58(10**13 - NOW_MS)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        (Destination(), f"/uploads/2026/01/31/{TOKEN}01-My Talk.tar.MP3"),
        (Destination(path="/a/{UTC_YEAR}/b.mp3"), "/a/2026/b.mp3"),
        (Destination(folder="/a"), f"/a/{TOKEN}01-My Talk.tar.MP3"),
        (Destination(folder="a/b", name="c.mp3"), "/uploads/a/b/c.mp3"),
        (Destination(folder="/", name="c.mp3"), "/c.mp3"),
        (Destination(folder="/a/", name="{UTC_DAY}{ORIGINAL_FILE_EXT}"), "/a/31.MP3"),
        (Destination(folder="/{UTC_DAY}", name="{UTC_DAY}", folder_variables=False, name_variables=False), "/{UTC_DAY}/{UTC_DAY}"),
    ],
)
def test_destinations(asked: Destination, path: str) -> None:
    assert destination_path(asked, MOMENT) == path


def test_the_fallback_is_for_files_without_a_name() -> None:
    nameless = Moment(NOW_MS, lambda count: "0123456789"[:count], None)
    asked = Destination(folder="/a", name="{ORIGINAL_FILE_NAME}.mp3", name_fallback="none.mp3")
    assert destination_path(asked, nameless) == "/a/none.mp3"
    assert destination_path(asked, MOMENT) == "/a/My Talk.tar.mp3"
    assert destination_path(Destination(), nameless) == f"/uploads/2026/01/31/{TOKEN}01"


@pytest.mark.parametrize(
    "asked",
    [Destination(path="a.mp3"), Destination(path="/a/../b"), Destination(path="/"), Destination(name="a/b"), Destination(path="/a//b")],
)
def test_paths_that_cannot_be_are_refused(asked: Destination) -> None:
    with pytest.raises(InvalidRequest):
        destination_path(asked, MOMENT)
