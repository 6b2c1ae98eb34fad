"""WAV: headers byte for byte as FFmpeg's, samples exactly the command line's."""

import subprocess
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, artifact_of
from transforms.engine.wav import channel_mask, wav_header
from transforms.spec import Format

LAYOUTS = {
    "mono": ("FC",),
    "stereo": ("FL", "FR"),
    "3.0": ("FL", "FR", "FC"),
    "5.1": ("FL", "FR", "FC", "LFE", "BL", "BR"),
    "5.1(side)": ("FL", "FR", "FC", "LFE", "SL", "SR"),
    "7.1": ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}


def by_ffmpeg(path: Path, *options: str) -> bytes:
    output = path.with_suffix(".ff.wav")
    plain = ["-c:a", "pcm_s16le", "-fflags", "+bitexact", "-map_metadata", "-1"]
    subprocess.run([tones.ffmpeg(), "-v", "error", "-y", "-i", str(path), *plain, *options, str(output)], check=True)
    return output.read_bytes()


@pytest.mark.parametrize("rate_hz", [8_000, 48_000, 96_000])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rf64", [False, True])
def test_headers_are_ffmpegs(layout: str, rate_hz: int, rf64: bool, tmp_path: Path) -> None:
    graph = f"anullsrc=cl={layout}:r={rate_hz},atrim=end_sample=77"
    path = tmp_path / "a.wav"
    command = [
        tones.ffmpeg(),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        graph,
        "-c:a",
        "pcm_s16le",
        "-fflags",
        "+bitexact",
        "-rf64",
        "always" if rf64 else "never",
    ]
    subprocess.run([*command, str(path)], check=True)
    theirs = path.read_bytes()
    ours = wav_header(77, rate_hz, LAYOUTS[layout], rf64=rf64)
    assert ours == theirs[: len(ours)]
    assert len(theirs) == len(ours) + 77 * 2 * len(LAYOUTS[layout])
    plain = rate_hz <= 48_000 and layout in ("mono", "stereo")
    assert len(ours) == (44 if plain else 68) + 36 * rf64


def test_more_than_four_gibibytes() -> None:
    samples = 3 * 2**30
    header = wav_header(samples, 48_000, LAYOUTS["stereo"], rf64=True)
    assert header[:8] == b"RF64\xff\xff\xff\xff"
    assert int.from_bytes(header[20:28], "little") == len(header) - 8 + samples * 4
    assert int.from_bytes(header[28:36], "little") == samples * 4
    assert int.from_bytes(header[36:44], "little") == samples
    assert header[-8:] == b"data\xff\xff\xff\xff"


def test_speakers_without_a_place_have_no_mask() -> None:
    assert channel_mask(LAYOUTS["5.1"]) == 0x3F
    assert channel_mask(("NONE", "NONE")) == 0


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wav", ()),
        ("a.flac", ("-sample_fmt", "s32")),
        ("a.mp3", ("-b:a", "128k")),
        ("a.wav", ("-c:a", "pcm_f32le")),
        ("a.wav", ("-c:a", "pcm_u8")),
    ],
)
@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 16_000])
def test_samples_are_the_command_lines(name: str, codec: tuple[str, ...], rate_hz: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / name, tones.music(2, 44_100), 44_100, *codec)
    path, artifact = artifact_of(Wish(rate_hz=rate_hz), [source], tmp_path / "out")
    ours = np.frombuffer(path.read_bytes()[44:], "<i2").astype(int)
    theirs = np.frombuffer(by_ffmpeg(source, "-ar", str(rate_hz))[44:], "<i2").astype(int)
    assert len(ours) == artifact.samples * 2
    shared = min(len(ours), len(theirs)) - (0 if rate_hz == 44_100 else 128)  # where resampling ends, FFmpeg may add a sample
    assert abs(len(ours) - len(theirs)) <= 2
    # Without resampling to the bit; with it two builds of FFmpeg may round the last one differently.
    assert np.abs(ours[:shared] - theirs[:shared]).max() <= (0 if rate_hz == 44_100 else 1)


@pytest.mark.parametrize("layout", ["mono", "5.1", "7.1"])
def test_the_primarys_channels_stay(layout: str, tmp_path: Path) -> None:
    channels = len(LAYOUTS[layout])
    source = tones.write(tmp_path / "a.flac", tones.noise(1, 48_000, channels), 48_000, "-af", f"aformat=cl={layout}")
    path, _ = artifact_of(Wish(), [source], tmp_path / "out")
    assert path.read_bytes() == by_ffmpeg(source)


def test_rf64_is_read_back(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.noise(1, 48_000), 48_000, "-sample_fmt", "s16")
    path, _ = artifact_of(Wish(Format.WAV_RF64), [source], tmp_path / "out")
    np.testing.assert_array_equal(tones.decode(path), tones.decode(source))


RATES = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000]
PAIRS = [(source, RATES[(place * 3 + shift) % 10]) for place, source in enumerate([*RATES, 11_025, 12_000, 35_467]) for shift in (0, 5)]


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_ranges_join_at_every_rate(from_hz: int, to_hz: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.wav", tones.chirp(3.01, from_hz), from_hz)
    wish = Wish(rate_hz=to_hz)
    serial, artifact = artifact_of(wish, [source], tmp_path / "serial")
    joined, _ = artifact_of(wish, [source], tmp_path / "joined", [7, to_hz // 2 + 1, 2 * to_hz + 3])
    ours, theirs = tones.decode(joined), tones.decode(serial)
    assert len(ours) == len(theirs) == artifact.samples == floor(Fraction(round(3.01 * from_hz) * to_hz, from_hz) + Fraction(1, 2))
    np.testing.assert_allclose(ours, theirs, atol=1.01 / 32768)
    assert abs(tones.chirp_time(ours, to_hz, 1.7) - 1.7) < 0.001
