"""A chunk-parallel encode is the serial one: same length to the sample, no trace at the joins, MP3 frames byte for byte (ENGINE 3 and 4).

Errors are measured against the resampled PCM that goes into the encoder, in ±50 ms around each join.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests import tones
from tests.media import media
from tests.transforms.engine.encodes import Wish, artifact_of, parts_of, plan_of, spans_between
from transforms.engine.messages import Span
from transforms.limits import AAC_SAMPLE_RATES_HZ, AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS, MP3_SAMPLE_RATES_HZ
from transforms.plan import Rendition
from transforms.spec import Format

SECONDS = 6
RATE_HZ = 44_100
AROUND_SECONDS = 0.05
MEAN_WITHIN_DB = 0.5
"""What the issue asks of the mean over all joins; one join alone scatters, because the encoder's rate control remembers."""

SIGNALS: dict[str, Callable[[], tones.Pcm]] = {
    "music": lambda: tones.music(SECONDS, RATE_HZ),
    "speech": lambda: tones.decode(Path(media("audio/flac/jfk.flac"))),
    "silence": lambda: np.zeros((SECONDS * RATE_HZ, 2), np.float32),
    "mono": lambda: tones.music(SECONDS, RATE_HZ, 1),
    "5.1": lambda: 0.3 * tones.music(SECONDS, RATE_HZ, 6),
    "stereo noise": lambda: tones.noise(SECONDS, RATE_HZ),
}

AAC_KBPS = {8_000: 16, 12_000: 16, 16_000: 32, 22_050: 32, 24_000: 32, 32_000: 64, 44_100: 128, 48_000: 128, 88_200: 576, 96_000: 576}
MP3_KBPS = {22_050: 64, 32_000: 128, 44_100: 128, 48_000: 128}
INPUT_RATES_HZ = sorted({*AAC_KBPS, 192_000})


def aac_wish(rate_hz: int) -> Wish:
    return Wish(Format.AAC, AAC_KBPS[rate_hz], rate_hz)


def pcm_of(wish: Wish, source: Path, scratch: Path) -> tones.Pcm:
    """What goes into the encoder, as WAV; stereo like its output."""
    stereo = tones.write(scratch / "one-sample.wav", np.zeros((1, 2), np.float32), wish.rate_hz)
    path, _ = artifact_of(Wish(rate_hz=wish.rate_hz), [stereo, source], scratch / "wav")
    return tones.decode(path)[1:]


def frames_at(rendition: Rendition, shares: Sequence[float]) -> list[int]:
    return [round(share * rendition.frames) for share in shares]


def error_db(reference: tones.Pcm, other: tones.Pcm, join: int, rate_hz: int) -> float:
    """Energy of the error around a join, in dB of full scale."""
    reach = round(AROUND_SECONDS * rate_hz)
    window = slice(max(0, join - reach), join + reach)
    error = reference[window].astype(np.float64) - other[window]
    return float(10 * np.log10(np.mean(error**2) + 1e-12))


def join_excess_db(wish: Wish, source: Path, scratch: Path, shares: Sequence[float]) -> list[float]:
    """By how much each join's error exceeds the serial encode's at the same place; checks the lengths on the way."""
    made = plan_of(wish, [source]).renditions[0]
    bounds = frames_at(made, shares)
    serial, one = artifact_of(wish, [source], scratch / "serial")
    joined, several = artifact_of(wish, [source], scratch / "joined", bounds)
    ours, theirs = tones.decode(joined), tones.decode(serial)
    assert one.samples == several.samples == made.samples
    assert len(ours) == len(theirs)
    lead = made.frame_samples if wish.format is Format.AAC else 0
    reference = pcm_of(wish, source, scratch)
    assert len(reference) == made.samples
    ours, theirs = ours[lead:][: made.samples], theirs[lead:][: made.samples]
    joins = [bound * made.frame_samples - made.lead_samples for bound in bounds]
    pairs = [(error_db(reference, ours, join, wish.rate_hz), error_db(reference, theirs, join, wish.rate_hz)) for join in joins]
    return [our - their for our, their in pairs]


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_aac_joins_are_no_worse_than_the_serial_encode(signal: str, rate_hz: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", SIGNALS[signal](), RATE_HZ)
    excess = join_excess_db(aac_wish(rate_hz), source, tmp_path, [0.1, 0.21, 0.34, 0.45, 0.5, 0.62, 0.77, 0.81, 0.93])
    assert np.mean(excess) < MEAN_WITHIN_DB, excess
    assert max(excess) < 6, excess  # without pre-roll it would be 22 and more (ENGINE 3)


def test_aac_clicks_on_the_joins(tmp_path: Path) -> None:
    """The worst place for a click: exactly where one range ends and the next begins, and one sample beside it."""
    made = plan_of(aac_wish(RATE_HZ), [tones.write(tmp_path / "s.wav", tones.clicks(SECONDS * RATE_HZ, []), RATE_HZ)]).renditions[0]
    shares = [0.15, 0.3, 0.45, 0.6, 0.75, 0.9]
    joins = [bound * made.frame_samples - made.lead_samples for bound in frames_at(made, shares)]
    places = [join + offset for join, offset in zip(joins, (0, -1, 1, 0, 511, -512), strict=True)]
    source = tones.write(tmp_path / "a.flac", tones.clicks(SECONDS * RATE_HZ, places), RATE_HZ)
    excess = join_excess_db(aac_wish(RATE_HZ), source, tmp_path, shares)
    assert np.mean(excess) < MEAN_WITHIN_DB, excess


def test_aac_joins_of_every_pair_of_rates(tmp_path: Path) -> None:
    """Resampling begins on the phase grid in each range: what the encoder is fed is the same to the bit, whatever the two rates."""
    excess: dict[tuple[int, int], float] = {}
    for input_hz in INPUT_RATES_HZ:
        source = tones.write(tmp_path / f"{input_hz}.wav", tones.music(1.3, input_hz), input_hz)
        for output_hz in AAC_KBPS:
            scratch = tmp_path / f"{input_hz}-{output_hz}"
            excess[input_hz, output_hz] = float(np.mean(join_excess_db(aac_wish(output_hz), source, scratch, [0.4, 0.8])))
    assert np.mean(list(excess.values())) < MEAN_WITHIN_DB, excess
    assert max(excess.values()) < 6, excess


@pytest.mark.parametrize("input_hz", INPUT_RATES_HZ)
def test_pcm_ranges_are_bit_exact_for_every_pair_of_rates(input_hz: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.wav", tones.music(1, input_hz), input_hz)
    for output_hz in (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000):
        wish = Wish(rate_hz=output_hz)
        serial, _ = artifact_of(wish, [source], tmp_path / "serial")
        joined, _ = artifact_of(wish, [source], tmp_path / "joined", [output_hz // 3, output_hz * 4 // 5])
        assert serial.read_bytes() == joined.read_bytes(), output_hz


def mp3_frames(wish: Wish, source: Path, scratch: Path, spans: Sequence[Span]) -> bytes:
    scratch.mkdir(exist_ok=True, parents=True)
    parts = parts_of(plan_of(wish, [source]), [source], scratch, spans)
    return b"".join((scratch / part.file).read_bytes() for part in sorted(parts, key=lambda part: part.span.start))


def assert_mp3_is_serial(wish: Wish, source: Path, scratch: Path, shares: Sequence[float]) -> None:
    rendition = plan_of(wish, [source]).renditions[0]
    joined = mp3_frames(wish, source, scratch, spans_between(frames_at(rendition, shares)))
    # Bounded, so that it does without the reservoir, as ranges do.
    assert joined == mp3_frames(wish, source, scratch, [Span(0, rendition.frames)])


@pytest.mark.parametrize("signal", SIGNALS)
def test_mp3_frames_are_the_serial_encodes(signal: str, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", SIGNALS[signal](), RATE_HZ)
    assert_mp3_is_serial(Wish(Format.MP3, 128, RATE_HZ), source, tmp_path, [0.2, 0.4, 0.41, 0.8])


def test_mp3_clicks_on_the_joins(tmp_path: Path) -> None:
    places = [round(share * SECONDS * RATE_HZ / 1152) * 1152 for share in (0.2, 0.4, 0.6, 0.8)]
    source = tones.write(tmp_path / "a.flac", tones.clicks(SECONDS * RATE_HZ, places), RATE_HZ)
    assert_mp3_is_serial(Wish(Format.MP3, 128, RATE_HZ), source, tmp_path, [0.2, 0.4, 0.6, 0.8])


def test_mp3_frames_of_every_pair_of_rates(tmp_path: Path) -> None:
    for input_hz in INPUT_RATES_HZ:
        source = tones.write(tmp_path / f"{input_hz}.wav", tones.music(1.5, input_hz), input_hz)
        for output_hz, kbps in MP3_KBPS.items():
            assert_mp3_is_serial(Wish(Format.MP3, kbps, output_hz), source, tmp_path / f"{input_hz}-{output_hz}", [0.6])


@pytest.mark.parametrize("container", ["mp3", "m4a", "flac", "ogg"])
def test_compressed_inputs_are_entered_to_the_sample(container: str, tmp_path: Path) -> None:
    """The same from inputs whose decoders look back (bit reservoir, overlap, pre-roll); an Ogg of Opus. AAC without noise substitution:
    its decoder invents other noise each time (ENGINE 3)."""
    codec = {"ogg": ("-c:a", "libopus"), "mp3": ("-b:a", "192k"), "m4a": ("-aac_pns", "0")}.get(container, ())
    source = tones.write(tmp_path / f"a.{container}", tones.music(SECONDS, 48_000), 48_000, *codec)
    excess = join_excess_db(aac_wish(44_100), source, tmp_path, [0.2, 0.4, 0.6, 0.8])
    assert np.mean(excess) < MEAN_WITHIN_DB, excess
    assert_mp3_is_serial(Wish(Format.MP3, 128, 44_100), source, tmp_path / "mp3", [0.35, 0.7])


def test_the_tables_of_rates_are_whole() -> None:
    """Every rate that an output can have is among the pairs, at a bit rate that keeps it."""
    assert tuple(AAC_KBPS) == AAC_SAMPLE_RATES_HZ
    assert tuple(MP3_KBPS) == MP3_SAMPLE_RATES_HZ
    assert all(rate in AAC_SAMPLE_RATES_HZ_BY_BITRATE_KBPS[kbps] for rate, kbps in AAC_KBPS.items())
