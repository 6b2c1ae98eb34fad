"""Delivery parameters (CONTRACT 2 and 9)."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.job import Keep
from app.jobs.stream import PlaylistForm
from app.web.address import parse_target
from app.web.delivery import PARAMETERS, CachePermanence, Delivery, parse_delivery
from tests.transforms.queries import PRIMARY, Pair, queries
from transforms.canonical import canonical
from transforms.errors import InvalidParameter
from transforms.params import parse


def delivery(query: str) -> Delivery:
    return parse_delivery(parse_qsl(query, keep_blank_values=True))


def test_defaults() -> None:
    assert delivery("f=mp3&br=96") == Delivery()
    assert Delivery().keep is Keep.PERMANENT


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cache=false", Delivery(cache=False)),
        ("cache=true", Delivery(cache=True)),
        ("cache_ttl=0", Delivery(cache_ttl_seconds=0)),
        ("cache_ttl=31536000&cache_ttl_404=60", Delivery(cache_ttl_seconds=31_536_000, cache_ttl_404_seconds=60)),
        ("cache_only=true", Delivery(cache_only=True)),
        ("cache_only=false", Delivery()),
        ("cache_perm=auto", Delivery()),
        ("cache_perm=true", Delivery(cache_perm=CachePermanence.TRUE)),
        ("cache_perm=false", Delivery(cache_perm=CachePermanence.FALSE)),
        ("version=3%20b", Delivery(version="3 b")),
        ("v=7", Delivery(version="7")),
        ("version=", Delivery(version="")),
        ("version=1&v=2", Delivery(version="2")),
        ("download=true", Delivery(download=True)),
        ("wait=60", Delivery(wait_seconds=60)),
        ("wait=0", Delivery()),
        ("wait=2.5", Delivery(wait_seconds=2.5)),
        ("playlist=event", Delivery(playlist=PlaylistForm.EVENT)),
        ("playlist=vod", Delivery()),
        ("exp=1700000000", Delivery(expires_ms=1_700_000_000_000)),
        ("exp=1700000000123", Delivery(expires_ms=1_700_000_000_123)),
        ("exp=inf&sig=1.key.aGk", Delivery(sig="1.key.aGk")),
        ("a=/audio.mp3", Delivery(artifact="/audio.mp3")),
        ("artifact=/audio.mp3", Delivery(artifact="/audio.mp3")),
        ("cache-ttl=5", Delivery(cache_ttl_seconds=5)),
        ("cache_ttl=5&cache-ttl=5&cache_perm=auto&cache-perm=auto", Delivery(cache_ttl_seconds=5)),
        ("cache-ttl-404=5", Delivery(cache_ttl_404_seconds=5)),
        ("cache-only=true", Delivery(cache_only=True)),
        ("cache-perm=false", Delivery(cache_perm=CachePermanence.FALSE)),
        ("cache_ttl=5&cache_ttl=6", Delivery(cache_ttl_seconds=6)),
    ],
)
def test_values(query: str, expected: Delivery) -> None:
    assert delivery(query) == expected


REFUSED = {
    "cache": ["", "no", "TRUE", "1"],
    "cache_ttl": ["", "-1", "1.5", "1d", "2147483648", "9" * 400],
    "cache-ttl": ["x"],
    "cache_ttl_404": ["", "-1", "abc"],
    "cache-ttl-404": ["soon"],
    "cache_only": ["", "yes"],
    "cache-only": ["yes"],
    "cache_perm": ["", "none"],
    "cache-perm": ["none"],
    "download": ["", "1", "file.mp3"],
    "wait": ["", "-1", "61", "60.001", "1e1", "inf", "nan", "999"],
    "playlist": ["", "live", "VOD"],
    "exp": ["", "never", "-1", "1.5", "9" * 400],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_other_values_are_refused_by_the_name_they_were_given_under(name: str, value: str) -> None:
    with pytest.raises(InvalidParameter, match="allowed are") as caught:
        delivery(f"{name}={value}")
    assert (caught.value.parameter, caught.value.value) == (name, value)


@pytest.mark.parametrize(
    ("query", "keep"),
    [
        ("cache_perm=auto", Keep.PERMANENT),
        ("cache_perm=true", Keep.PERMANENT),
        ("cache_perm=false", Keep.DAY_UNUSED),
        ("cache=false", Keep.NOTHING),
        ("cache=false&cache_perm=true", Keep.NOTHING),
    ],
)
def test_how_long_artifacts_stay(query: str, keep: Keep) -> None:
    assert delivery(query).keep is keep


VALUES = {
    "cache": st.sampled_from(["true", "false"]),
    "cache_ttl": st.integers(0, 10**6).map(str),
    "cache_ttl_404": st.integers(0, 10**6).map(str),
    "cache_only": st.sampled_from(["true", "false"]),
    "cache_perm": st.sampled_from(["auto", "true", "false"]),
    "version": st.text(max_size=5),
    "download": st.sampled_from(["true", "false"]),
    "wait": st.integers(0, 60).map(str),
    "playlist": st.sampled_from(["vod", "event"]),
    "exp": st.integers(0, 10**13).map(str),
    "sig": st.text("abc.-_", max_size=9),
    "callback": st.text("abc:/.", max_size=9),
    "artifact": st.just("/audio.mp3"),
}
DELIVERY_PARAMS = st.lists(st.sampled_from(PARAMETERS).flatmap(lambda name: VALUES[name].map(lambda value: (name, value))), max_size=8)


def test_every_parameter_has_values_to_test_with() -> None:
    assert set(VALUES) == set(PARAMETERS)


@given(DELIVERY_PARAMS)
def test_hyphens_and_underscores_are_one_spelling(params: list[Pair]) -> None:
    assert parse_delivery([(name.replace("_", "-"), value) for name, value in params]) == parse_delivery(params)


@given(DELIVERY_PARAMS, queries())
def test_delivery_and_transformation_do_not_touch_each_other(params: list[Pair], query: list[Pair]) -> None:
    assert parse_delivery([*query, *params]) == parse_delivery(params)
    assert canonical(parse(PRIMARY, [*params, *query])) == canonical(parse(PRIMARY, query))


@pytest.mark.parametrize("query", ["a=/x&artifact=/y", "artifact=/y&a=/x", "a=/x&f=mp3"])
def test_address_and_delivery_agree_on_the_artifact(query: str) -> None:
    address = parse_target(f"/W142hJk/audio/x.mp3?{query}")
    assert parse_delivery(address.params).artifact == address.artifact
