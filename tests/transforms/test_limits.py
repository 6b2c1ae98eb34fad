"""The allowed values against CONTRACT 6, written out once more here, and the limits of a plan."""

from fractions import Fraction

import pytest

from app.metering import UNITS_PER_SECOND
from transforms.errors import TooLarge
from transforms.limits import (
    AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS,
    PlanLimits,
    adjust_sample_rate,
    bitrates_kbps,
    sample_rates_hz,
)
from transforms.spec import AAC_FAMILY, WAV_FAMILY, Format

AAC_BITRATES = "16 20 24 28 32 40 48 56 64 80 96 112 128 160 192 224 256 288 320 384 448 512 576"
MP3_BITRATES = (
    "16 24 32 40 48 56 64 72 80 88 96 104 112 120 128 136 144 152 160 168 176 184 192 200 208 216 224 232 240 248 256 264 272 280 288 296"
)
RATES = {
    "aac": "8 12 16 22.05 24 32 44.1 48 88.2 96",
    "mp3": "22.05 32 44.1 48",
    "wav": "8 16 22.05 24 32 44.1 48 88.2 96 192",
}


def hz(kilohertz: str) -> tuple[int, ...]:
    return tuple(int(Fraction(each) * 1000) for each in kilohertz.split())


@pytest.mark.parametrize("format_", Format)
def test_allowed_values_are_those_of_the_contract(format_: Format) -> None:
    family = "aac" if format_ in AAC_FAMILY else "wav" if format_ in WAV_FAMILY else str(format_)
    bitrates = {"aac": AAC_BITRATES, "mp3": MP3_BITRATES}.get(family, "")
    assert bitrates_kbps(format_) == tuple(map(int, bitrates.split()))
    assert sample_rates_hz(format_) == hz(RATES.get(family, ""))


AAC_ADJUSTMENT = [
    ("16 20", "8 12 16 16 16 16 16 16 16 16"),
    ("24 28", "16 16 16 16 16 16 16 16 16 16"),
    ("32", "16 16 16 22.05 24 24 24 24 24 24"),
    ("40 48 56", "32 32 32 32 32 32 32 32 32 32"),
    ("64 80 96 112 128 160 192 224", "32 32 32 32 32 32 44.1 48 48 48"),
    ("256 288 320 384", "32 32 32 32 32 32 44.1 48 96 96"),
    ("448 512", "44.1 44.1 44.1 44.1 44.1 44.1 44.1 48 96 96"),
    ("576", "48 48 48 48 48 48 48 48 88.2 96"),
]


@pytest.mark.parametrize(("bitrates", "adjusted"), AAC_ADJUSTMENT)
def test_aac_rates_move_to_the_nearest_possible_one(bitrates: str, adjusted: str) -> None:
    for bitrate in map(int, bitrates.split()):
        given = tuple(adjust_sample_rate(Format.AAC, bitrate, rate) for rate in hz(RATES["aac"]))
        assert given == hz(adjusted), bitrate


def test_the_adjustment_table_covers_every_aac_bitrate() -> None:
    assert " ".join(bitrates for bitrates, _ in AAC_ADJUSTMENT) == AAC_BITRATES


def test_the_nearest_aac_rate_is_never_a_tie() -> None:
    for possible in AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS.values():
        for asked in hz(RATES["aac"]):
            distances = sorted(abs(rate - asked) for rate in possible)
            assert distances[0] not in distances[1:], (possible, asked)


@pytest.mark.parametrize("bitrate", bitrates_kbps(Format.MP3))
@pytest.mark.parametrize("asked", hz(RATES["mp3"]))
def test_mp3_rates_are_adjusted_only_where_the_layer_ends(bitrate: int, asked: int) -> None:
    expected = 22_050 if bitrate in (16, 24) else 32_000 if asked == 22_050 and bitrate > 160 else asked
    assert adjust_sample_rate(Format.MP3, bitrate, asked) == expected


@pytest.mark.parametrize("format_", sorted(WAV_FAMILY))
def test_wav_rates_are_taken_as_asked(format_: Format) -> None:
    assert [adjust_sample_rate(format_, None, rate) for rate in hz(RATES["wav"])] == list(hz(RATES["wav"]))


@pytest.mark.parametrize("format_", Format)
def test_an_adjusted_rate_stays_and_can_be_billed_exactly(format_: Format) -> None:
    for bitrate in bitrates_kbps(format_) or (None,):
        for asked in sample_rates_hz(format_):
            rate = adjust_sample_rate(format_, bitrate, asked)
            assert rate in sample_rates_hz(format_)
            assert adjust_sample_rate(format_, bitrate, rate) == rate
            assert UNITS_PER_SECOND % rate == 0


@pytest.mark.parametrize(("rate", "channels"), [(999, 2), (384_001, 2), (1, 1), (48_000, 0), (48_000, 9), (48_000, 255)])
def test_sources_only_an_attack_has_are_refused(rate: int, channels: int) -> None:
    with pytest.raises(TooLarge, match=str(rate if channels == 2 or rate == 1 else channels)):
        PlanLimits().check_source(rate, channels)


@pytest.mark.parametrize(("rate", "channels"), [(1_000, 1), (384_000, 8), (44_100, 2)])
def test_ordinary_sources_pass(rate: int, channels: int) -> None:
    PlanLimits().check_source(rate, channels)


def test_output_length_is_bounded_exactly() -> None:
    limits = PlanLimits(max_seconds=60)
    limits.check_output(Fraction(60))
    with pytest.raises(TooLarge, match="60 s are allowed"):
        limits.check_output(Fraction(60) + Fraction(1, 192_000))


def test_riff_ends_below_4_gib_and_rf64_does_not() -> None:
    size_bytes = 2**32
    PlanLimits().check_bytes(Format.WAV_RF64, size_bytes)
    PlanLimits().check_bytes(Format.WAV_RIFF, size_bytes - 2000)
    with pytest.raises(TooLarge, match="wav-rf64"):
        PlanLimits().check_bytes(Format.WAV_RIFF, size_bytes - 1)
    with pytest.raises(TooLarge, match="100 are allowed"):
        PlanLimits(max_output_bytes=100).check_bytes(Format.WAV_RF64, 101)
