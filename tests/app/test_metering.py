"""The price list of the reference and CONTRACT 5, exactly."""

from fractions import Fraction
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.metering import FREE, QUOTA_UNITS_PER_SECOND, UNITS_PER_SECOND, Charge, price
from tests.transforms.queries import PRIMARY, Pair, queries
from transforms.errors import RefusedInput
from transforms.limits import PlanLimits
from transforms.params import parse
from transforms.plan import plan
from transforms.source import Source
from transforms.spec import WAV_FAMILY, Format


def source(samples: int, rate: int = 48_000) -> Source:
    return Source("wav", "pcm_s16le", rate, 2, "stereo", samples, seekable=True)


def charge(query: str, samples: int = 60 * 48_000, rate: int = 48_000) -> Charge:
    return price(plan(parse(PRIMARY, parse_qsl(query)), [source(samples, rate)], PlanLimits()))


@pytest.mark.parametrize(
    ("query", "billed", "quota"),
    [
        ("f=aac", 60, 45),  # reference, "Audio billing example"
        ("f=hls-aac-rt&br=64&br=128&br=256&rt=false", 200, 150),  # reference, "HLS pricing example"
        ("f=html-aac&br=64&br=128&br=256&rt=false", 200, 150),
        ("f=hls-aac&br=64&br=128&br=256&rt=false", 180, 135),
        ("f=mp3", 60, 45),
        ("f=wav", 60, 69),
        ("f=wav-rf64&sr=192", 60, 69),
        ("f=hls-aac-rt", 70, Fraction("52.5")),
        ("f=hls-aac-rt&rt=true", 70, Fraction("52.5")),
        ("f=hls-aac-rt&rt=false", 60, 45),
        ("f=hls-aac&br=64&br=64", 120, 90),
        ("f=mp3&ts=5&te=65", 55, Fraction("41.25")),
        ("f=mp3&rp=3", 180, 135),
        ("f=mp3&te=1", 10, Fraction("7.5")),
        ("f=mp3&te=10", 10, Fraction("7.5")),
        ("f=mp3&te=10.01", Fraction("10.01"), Fraction("7.5075")),
        ("f=wav&te=3", 10, Fraction("11.5")),
        ("te=3", 20, 15),  # the surcharge comes on top of the minimum
        ("f=hls-aac&te=3&br=64&br=96", 20, 15),  # the minimum counts per output
        ("f=meta", 0, 0),
    ],
)
def test_prices(query: str, billed: Fraction, quota: Fraction) -> None:
    bill = charge(query)
    assert (bill.billed_seconds, bill.quota_seconds) == (billed, quota)


def test_meta_is_free() -> None:
    assert charge("f=meta") == FREE


def test_units_are_exact() -> None:
    assert charge("f=aac&sr=44.1", 44_100 * 60 + 1, 44_100) == Charge(60 * UNITS_PER_SECOND + 640, 15 * (60 * UNITS_PER_SECOND + 640))
    assert (UNITS_PER_SECOND, QUOTA_UNITS_PER_SECOND) == (28_224_000, 564_480_000)


@given(queries(tuple(each for each in Format if each is not Format.META)), st.integers(1, 10**7), st.sampled_from([8_000, 44_100, 48_000]))
def test_the_bill_is_the_formula_of_the_contract(query: list[Pair], samples: int, rate: int) -> None:
    spec = parse(PRIMARY, query)
    try:
        decided = plan(spec, [source(samples, rate)] * len(spec.clips), PlanLimits(max_seconds=10**9, max_output_bytes=10**15))
    except RefusedInput:
        return
    bill = price(decided)
    expected = Fraction(0)
    for rendition in decided.renditions:
        expected += max(Fraction(10), Fraction(rendition.samples, rendition.sample_rate_hz))
        if spec.format in ("hls-aac-rt", "html-aac") and rendition.real_time in ("true", "auto"):
            expected += 10
    multiplier = Fraction("1.15") if spec.format in WAV_FAMILY else Fraction("0.75")
    assert bill.billed_seconds == expected
    assert bill.quota_seconds == expected * multiplier
    assert bill.billed_seconds >= 10
