"""Equal meaning is one identity, different meaning another (CONTRACT 5), and the canonical query reads back to its spec."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.queries import PRIMARY, Pair, queries
from transforms.canonical import canonical, identity
from transforms.params import parse
from transforms.spec import Format, RealTime, Spec

ACCOUNT = "W142hJk"


def written(query: str) -> str:
    return canonical(parse(PRIMARY, parse_qsl(query)))


def identified(query: str, version: str | None = None) -> str:
    return identity(ACCOUNT, PRIMARY, parse(PRIMARY, parse_qsl(query)), version)


def shared(spec: Spec) -> Spec:
    """html-aac is a page around the renditions of hls-aac-rt."""
    return replace(spec, format=Format.HLS_AAC_RT) if spec.format is Format.HTML_AAC else spec


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "f=hls-aac-rt&br=96&sr=48&rt=auto"),
        ("f=mp3", "f=mp3&br=96&sr=48"),
        ("br=16&f=mp3", "f=mp3&br=16&sr=22.05"),
        ("f=wav&br=3", "f=wav-riff&sr=48"),
        ("f=meta&ts=3", "f=meta"),
        ("f=aac&ts=1.5&te=65.0&rp=1", "f=aac&br=96&sr=48&ts=1.50&te=65"),
        ("f=hls-aac&br=64&rt=true&br=64", "f=hls-aac&br=64&sr=48&br=64&sr=48"),
        ("f=hls-aac-rt&br=64&br=128&rt=false", "f=hls-aac-rt&br=64&sr=48&rt=auto&br=128&sr=48&rt=false"),
        (
            "rp=2&append=/a%20%2B%26é.mp3&rp=3&te=9&f=aac&tm=after-repeat",
            "f=aac&br=96&sr=48&te=9&tm=after-repeat&rp=2&append=/a%20%2B%26%C3%A9.mp3&rp=3",
        ),
    ],
)
def test_the_canonical_query_fills_defaults_and_drops_what_means_nothing(query: str, expected: str) -> None:
    assert written(query) == expected


EQUAL = [
    ("", "f=html-aac"),
    ("", "f=hls-aac-rt"),
    ("", "br=96&sr=48&rt=auto&next=true"),
    ("f=mp3", "f=mp3&br=96"),
    ("f=mp3&br=128&ts=5&te=65", "te=65.00&ts=5.0&br=128&f=mp3&unknown=1"),
    ("f=aac&br=96&sr=24", "f=aac&br=96&sr=32"),
    ("f=mp3&br=16&sr=48", "f=mp3&br=16&sr=22.05"),
    ("f=wav", "f=wav-riff&br=320"),
    ("f=mp3&tm=after-repeat&rp=2", "f=mp3&rp=2"),
    ("f=mp3&te=9&tm=after-repeat", "f=mp3&te=9"),
    ("f=mp3&rp=3&rp=2", "f=mp3&rp=2"),
    ("f=mp3&ts=0", "f=mp3"),
    ("f=hls-aac&rt=false", "f=hls-aac"),
    ("f=hls-aac-rt&br=64&sr=44.1", "f=html-aac&sr=44.1&br=64"),
    ("f=mp3&append=/a&append=/a", "f=mp3&append=/a&rp=2"),
    ("f=mp3&append=/talk.wav", "f=mp3&rp=2"),
    ("f=mp3&append=%2Fa%20b", "f=mp3&append=/a+b"),
    ("f=mp3&a=/audio.mp3&wait=9&playlist=event&cache_ttl=3&cache=false&download=true&exp=inf&sig=x", "f=mp3"),
    ("f=meta", "f=meta&br=7&append=/x"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_meaning_is_one_identity(one: str, other: str) -> None:
    assert identified(one) == identified(other)


DIFFERENT = [
    ("f=mp3", "f=aac"),
    ("f=hls-aac", "f=hls-aac-rt"),
    ("f=wav-riff", "f=wav-rf64"),
    ("f=mp3&te=86399", "f=mp3"),
    ("f=mp3&ts=1.5", "f=mp3&ts=1.05"),
    ("f=mp3&ts=1", "f=mp3&te=1"),
    ("f=mp3&ts=1&rp=2", "f=mp3&ts=1&rp=2&tm=after-repeat"),
    ("f=mp3&ts=1&append=/a", "f=mp3&ts=1&append=/a&tm=after-repeat"),
    ("f=mp3&ts=1&append=/talk.wav", "f=mp3&ts=1&rp=2"),
    ("f=mp3&append=/a&append=/b", "f=mp3&append=/b&append=/a"),
    ("f=mp3&rp=2&append=/a", "f=mp3&append=/a&rp=2"),
    ("f=mp3&append=/a%26rp=2", "f=mp3&append=/a&rp=2"),
    ("f=hls-aac&br=64&br=128", "f=hls-aac&br=128&br=64"),
    ("f=hls-aac&br=64&br=64", "f=hls-aac&br=64"),
    ("f=hls-aac-rt&rt=true", "f=hls-aac-rt"),
    ("f=hls-aac-rt&br=64&br=128&rt=false", "f=hls-aac-rt&br=64&rt=false&br=128"),
    ("f=aac&sr=44.1", "f=aac"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_meaning_is_another_identity(one: str, other: str) -> None:
    assert identified(one) != identified(other)


def test_account_path_and_version_are_part_of_the_identity() -> None:
    spec = parse(PRIMARY, [("f", "mp3")])
    identities = [
        identity(ACCOUNT, PRIMARY, spec, None),
        identity("W142hJm", PRIMARY, spec, None),
        identity(ACCOUNT, "/talk.wave", spec, None),
        identity(ACCOUNT, PRIMARY, spec, "1"),
        identity(ACCOUNT, PRIMARY, spec, "2"),
        identity(ACCOUNT, PRIMARY, spec, ""),
    ]
    assert len(set(identities)) == len(identities)
    assert all(len(each) == 64 and set(each) <= set("0123456789abcdef") for each in identities)


def test_the_parts_of_an_identity_cannot_run_into_each_other() -> None:
    spec = parse(PRIMARY, [("f", "mp3")])
    assert identity(ACCOUNT, '/a", "b', spec, None) != identity(ACCOUNT, "/a", spec, 'b", "')
    assert identity(ACCOUNT, PRIMARY, spec, "null") != identity(ACCOUNT, PRIMARY, spec, None)


def test_an_identity_outlives_the_process() -> None:
    """It names what is cached for years: when this changes, every cached variant of every install is lost."""
    assert identified("f=mp3&br=128&ts=5&te=65") == "3fb2f11001d86558bc65391be25eec5ecb15a0532941d8992bd7baaea55096f4"


@given(queries())
def test_the_canonical_query_reads_back_to_the_same_spec(query: list[Pair]) -> None:
    spec = parse(PRIMARY, query)
    text = canonical(spec)
    again = parse(PRIMARY, parse_qsl(text, strict_parsing=True))
    assert again == shared(spec)
    assert canonical(again) == text


@given(queries(), queries())
def test_identities_are_equal_exactly_when_specs_are(one: list[Pair], other: list[Pair]) -> None:
    first, second = parse(PRIMARY, one), parse(PRIMARY, other)
    same = identity(ACCOUNT, PRIMARY, first, None) == identity(ACCOUNT, PRIMARY, second, None)
    assert same == (shared(first) == shared(second))


@given(queries(), st.data())
def test_one_changed_variant_changes_the_identity(query: list[Pair], data: st.DataObject) -> None:
    spec = parse(PRIMARY, query)
    if spec.format not in (Format.HLS_AAC_RT, Format.HTML_AAC):
        return
    position = data.draw(st.integers(0, len(spec.variants) - 1))
    variant = spec.variants[position]
    other = replace(variant, real_time=data.draw(st.sampled_from([each for each in RealTime if each is not variant.real_time])))
    changed = replace(spec, variants=(*spec.variants[:position], other, *spec.variants[position + 1 :]))
    assert canonical(changed) != canonical(spec)
