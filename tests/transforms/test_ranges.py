"""How an encode is divided: whole rounds of the cores, nothing twice, nothing left out, each lane in order."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from transforms.cuts import Cut
from transforms.engine.messages import Span
from transforms.plan import Plan, Rendition, Run
from transforms.ranges import MAX_DECODED_SECONDS, Stretches, decoded_bytes, pays_to_decode_first, ranges
from transforms.source import Source
from transforms.spec import Format

RATE_HZ = 48_000


def plan_of(seconds: int, *, seekable: bool = True) -> Plan:
    samples = seconds * RATE_HZ
    source = Source("mp3", "mp3", RATE_HZ, 2, "stereo", samples, seekable)
    rendition = Rendition(128, RATE_HZ, 2, "stereo", 1024, samples, (0,))
    return Plan(Format.AAC, (source,), (Run((Cut(0, 0, samples),), RATE_HZ, "stereo"),), (rendition,))


@pytest.mark.parametrize(
    ("seconds", "cores", "count"),
    [(5, 2, 1), (19, 2, 1), (20, 2, 2), (180, 2, 4), (120, 2, 2), (3600, 2, 60), (3600, 1, 1), (60, 16, 6), (36_000, 16, 608)],
)
def test_ranges_come_in_whole_rounds(seconds: int, cores: int, count: int) -> None:
    made = ranges(plan_of(seconds), cores)
    assert len(made) == count
    assert [spans[0].end for spans in made[:-1]] == [spans[0].start for spans in made[1:]]
    assert made[0][0].start == 0
    assert made[-1][0].end is None


def test_mp3_starts_its_encoder_less_often_but_for_the_end_of_each_lane() -> None:
    made = [spans[0] for spans in ranges(replace(plan_of(1200), format=Format.MP3), 2)]
    minutes = [round(Fraction((span.end or 1200 * RATE_HZ // 1024) - span.start) * 1024 / RATE_HZ / 60) for span in made]
    assert minutes == [2, 2, 2, 1, 1, 1, 1] * 2
    assert [span.end for span in made[:-1]] == [span.start for span in made[1:]]


def test_what_cannot_be_entered_is_one_range() -> None:
    assert ranges(plan_of(3600, seekable=False), 2) == ((Span(0, None),),)


def test_only_what_is_decoded_first_must_be_short_enough_for_it() -> None:
    short = plan_of(600, seekable=False)
    (entered,) = plan_of(MAX_DECODED_SECONDS + 1).sources
    assert pays_to_decode_first(short, 2)
    assert pays_to_decode_first(replace(short, sources=(*short.sources, entered)), 2)
    assert decoded_bytes(replace(short, sources=(*short.sources, entered)), 2) == decoded_bytes(short, 2) == 600 * RATE_HZ * 2 * 4
    double = replace(short, sources=(replace(short.sources[0], codec="pcm_f64be"),))
    assert decoded_bytes(double, 2) == 600 * RATE_HZ * 2 * 8
    for plan, cores in ((short, 1), (plan_of(MAX_DECODED_SECONDS + 1, seekable=False), 2), (plan_of(600), 2)):
        assert not pays_to_decode_first(plan, cores)
        assert decoded_bytes(plan, cores) == 0


def test_ranges_are_nearly_equal() -> None:
    starts = [spans[0].start for spans in ranges(plan_of(180), 2)]
    lengths = [after - before for before, after in pairwise(starts)]
    assert max(lengths) - min(lengths) <= 1
    assert abs(Fraction(min(lengths) * 1024, RATE_HZ) - 45) < 1


def test_lanes_keep_to_their_stretch_and_then_help() -> None:
    stretches = Stretches(8, 2)
    assert [stretches.take(0) for _ in range(3)] == [0, 1, 2]
    assert stretches.take(1) == 4
    assert [stretches.take(0) for _ in range(3)] == [3, 7, 6]
    assert stretches.take(1) == 5
    assert stretches.take(0) is stretches.take(1) is None
