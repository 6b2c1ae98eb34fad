"""Trims, appends and repeats land on the sample: chirps tell the source's time, clicks the exact place (CONTRACT 2, "Timeline")."""

import subprocess
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, artifact_of
from transforms.spec import Format

RATE_HZ = 48_000
MILLISECOND = 0.001
OUTPUTS = {
    "wav": (Wish(), [], 0),
    "wav-ranges": (Wish(rate_hz=44_100), [50_000, 100_000], 0),
    "aac": (Wish(Format.AAC, 128, 44_100), [], 1024),
    "aac-ranges": (Wish(Format.AAC, 128, 48_000), [40, 90, 91], 1024),
    "mp3": (Wish(Format.MP3, 128, 44_100), [], 0),
    "mp3-ranges": (Wish(Format.MP3, 128, 48_000), [40, 90], 0),
}


def outcome(kind: str, files: list[Path], scratch: Path, **timeline: object) -> tuple[tones.Pcm, int]:
    """The decoded output without encoder delay, and its rate; its length is checked where the format carries it."""
    wish, bounds, lead = OUTPUTS[kind]
    wish = Wish(wish.format, wish.kbps, wish.rate_hz, **timeline)  # type: ignore[arg-type]
    path, artifact = artifact_of(wish, files, scratch, bounds)
    pcm = tones.decode(path)[lead:]
    assert len(pcm) >= artifact.samples if lead else len(pcm) == artifact.samples
    return pcm[: artifact.samples], wish.rate_hz


def assert_times(pcm: tones.Pcm, rate_hz: int, expected: dict[float, float]) -> None:
    """At each output second the chirp of the given source second sounds."""
    found = {at: tones.chirp_time(pcm, rate_hz, at) for at in expected}
    assert all(abs(found[at] - source) < MILLISECOND for at, source in expected.items()), found


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_trim(kind: str, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.chirp(8, RATE_HZ), RATE_HZ)
    pcm, rate = outcome(kind, [source], tmp_path / "out", start=(2, 37), end=(6, 1))
    assert len(pcm) == round(3.64 * rate)
    assert_times(pcm, rate, {at: at + 2.37 for at in (0.04, 0.5, 1.7, 2.9, 3.59)})


@pytest.mark.parametrize("kind", OUTPUTS)
def test_appended_files_and_repeats(kind: str, tmp_path: Path) -> None:
    first = tones.write(tmp_path / "a.mp3", tones.chirp(2, 44_100), 44_100, "-b:a", "192k")
    second = tones.write(tmp_path / "b.wav", tones.chirp(1.5, 32_000, 1), 32_000)
    pcm, rate = outcome(kind, [first, second], tmp_path / "out", start=(0, 50), plays=(2, 2))
    assert len(pcm) == 6 * rate
    sounds = {0.1: 0.6, 1.45: 1.95, 1.55: 0.55, 2.95: 1.95, 3.05: 0.05, 4.45: 1.45, 4.55: 0.05, 5.95: 1.45}
    assert_times(pcm, rate, sounds)


@pytest.mark.parametrize("kind", ["wav", "aac-ranges", "mp3"])
def test_a_trim_of_the_assembled_timeline(kind: str, tmp_path: Path) -> None:
    first = tones.write(tmp_path / "a.flac", tones.chirp(2, RATE_HZ), RATE_HZ)
    second = tones.write(tmp_path / "b.mp3", tones.chirp(2, RATE_HZ), RATE_HZ, "-b:a", "192k")
    timeline = {"start": (3, 25), "end": (6, 50), "plays": (2, 2), "after_repeat": True}
    pcm, rate = outcome(kind, [first, second], tmp_path / "out", **timeline)
    assert len(pcm) == round(3.25 * rate)
    assert_times(pcm, rate, {0.1: 1.35, 0.7: 1.95, 0.8: 0.05, 2.7: 1.95, 2.8: 0.05, 3.2: 0.45})


def test_a_join_is_seamless_where_rates_are_equal(tmp_path: Path) -> None:
    """A wave cut in two files and appended is the wave: nothing lost, added or smoothed at the join, resampled or not."""
    wave = tones.music(3, 44_100)
    files = [
        tones.write(tmp_path / f"{n}.flac", part, 44_100, "-sample_fmt", "s16") for n, part in enumerate(np.split(wave, [50_001, 90_000]))
    ]
    whole = tones.write(tmp_path / "whole.flac", wave, 44_100, "-sample_fmt", "s16")
    for rate_hz in (44_100, 48_000):
        joined, _ = artifact_of(Wish(rate_hz=rate_hz), files, tmp_path / "joined")
        serial, _ = artifact_of(Wish(rate_hz=rate_hz), [whole], tmp_path / "serial")
        np.testing.assert_allclose(tones.decode(joined), tones.decode(serial), atol=0 if rate_hz == 44_100 else 1.01 / 32768)


def test_clicks_on_the_joins_stay_on_them(tmp_path: Path) -> None:
    """The first and the last sample of each play come out, and stand side by side."""
    source = tones.write(tmp_path / "a.wav", tones.clicks(30_011, [0, 30_010]), RATE_HZ)
    other = tones.write(tmp_path / "b.wav", tones.clicks(10_000, [0, 9_999], 1), RATE_HZ)
    pcm, _ = outcome("wav", [source, other], tmp_path / "out", plays=(3, 2))
    length = 30_011
    ends = [0, length - 1, length, 2 * length - 1, 2 * length, 3 * length - 1]
    tail = [3 * length + offset for offset in (0, 9_999, 10_000, 19_999)]
    assert np.flatnonzero(np.abs(pcm[:, 0]) > 0.5).tolist() == [*ends, *tail]


def test_a_join_of_two_rates_adds_no_silence(tmp_path: Path) -> None:
    """A steady level right up to the join, and from its first sample on."""
    files = [
        tones.write(tmp_path / f"{rate}.wav", np.full((rate // 2 + 7, 2), 0.5, np.float32), rate)
        for rate in (44_100, 16_000, 48_000, 96_000)
    ]
    path, artifact = artifact_of(Wish(), files, tmp_path / "out")
    pcm = tones.decode(path)
    assert len(pcm) == artifact.samples
    assert np.abs(pcm - 0.5).max() < 0.01


@pytest.mark.parametrize("samples", [48_128, 48_127, 2_048, 4_608, 100, 17, 1])
def test_runs_of_every_length_are_as_long_as_planned(samples: int, tmp_path: Path) -> None:
    """libswresample rounds down where the plan rounds to the nearest: the next run must not begin a sample early for that."""
    level = np.full((samples, 2), 0.5, np.float32)
    files = [tones.write(tmp_path / "a.wav", level, RATE_HZ), tones.write(tmp_path / "b.wav", tones.clicks(300, [100]), 44_100)]
    path, artifact = artifact_of(Wish(rate_hz=44_100), files, tmp_path / "out")
    pcm = tones.decode(path)
    first = floor(Fraction(samples * 44_100, RATE_HZ) + Fraction(1, 2))
    assert len(pcm) == artifact.samples == first + 300
    assert np.flatnonzero(np.abs(pcm[:, 0]) > 0.7).tolist() == [first + 100]
    assert samples < 100 or np.abs(pcm[:first] - 0.5).max() < 0.01


@pytest.mark.parametrize(("channels", "layout"), [(1, "mono"), (6, "5.1"), (8, "7.1"), (4, "quad")])
def test_downmix_is_the_command_lines(channels: int, layout: str, tmp_path: Path) -> None:
    """Behind a stereo file, which decides a WAV's channels, the other is mixed down."""
    pcm = tones.noise(1, RATE_HZ, channels, amplitude=0.1)
    source = tones.write(tmp_path / "a.wav", pcm, RATE_HZ, "-af", f"aformat=cl={layout}")
    stereo = tones.write(tmp_path / "b.wav", tones.noise(0.5, RATE_HZ), RATE_HZ)
    path, _ = artifact_of(Wish(), [stereo, source], tmp_path / "out")
    by_ffmpeg = tmp_path / "c.wav"
    subprocess.run([tones.ffmpeg(), "-v", "error", "-i", str(source), "-ac", "2", str(by_ffmpeg)], check=True)
    np.testing.assert_array_equal(tones.decode(path)[RATE_HZ // 2 :], tones.decode(by_ffmpeg))


@pytest.mark.parametrize("kind", ["aac", "mp3"])
@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
def test_encoders_get_the_command_lines_float_downmix(kind: str, codec: str, tmp_path: Path) -> None:
    """As loud as `-ac 2` into float, whatever the source's format. LAME itself takes 0.45 dB off."""
    wish, _, lead = OUTPUTS[kind]
    source = tones.write(tmp_path / "a.wav", 0.3 * tones.chirp(2, 44_100, 6), 44_100, "-af", "aformat=cl=5.1", "-c:a", codec)
    path, artifact = artifact_of(wish, [source], tmp_path / "out")
    ours, theirs = tones.decode(path)[lead:][: artifact.samples], tones.decode(source, 2, "-ac", "2")
    assert abs(20 * np.log10(ours.std() / theirs.std())) < 0.5


def test_silence_stays_silent(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", np.zeros((96_000, 2), np.float32), RATE_HZ)
    for kind in ("wav", "aac", "mp3", "mp3-ranges"):
        pcm, rate = outcome(kind, [source], tmp_path / kind)
        assert len(pcm) == 2 * rate
        assert np.abs(pcm).max() < 1e-4
