"""Inputs, made once and kept under .cache/bench: a signal that codecs treat like music, in the containers that are measured."""

import subprocess
from pathlib import Path

import numpy as np

from bench.machine import PACKAGED_FFMPEG
from tests import tones

FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "bench"
RATE_HZ = 44_100
PHRASE_SECONDS = 60

CODECS = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "192k"),
    "flac": ("-c:a", "flac"),
    "m4a": ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "160k"),
    "wav": ("-c:a", "pcm_s16le"),
    "ogg": ("-c:a", "libvorbis", "-q:a", "5"),
    "aac": ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "160k"),
}


def song(seconds: int, container: str) -> Path:
    """`seconds` of music in a container."""
    file = FOLDER / f"song-{seconds}.{container}"
    if not file.exists():
        phrase = _phrase()
        aside = file.with_name(f"aside.{container}")
        loop = ("-stream_loop", str(seconds // PHRASE_SECONDS), "-i", str(phrase), "-t", str(seconds))
        subprocess.run([PACKAGED_FFMPEG, "-v", "error", "-y", *loop, *CODECS[container], str(aside)], check=True)
        aside.rename(file)
    return file


def bare_mp3(seconds: int) -> Path:
    """An MP3 without the Xing header that would tell its length: only counting its packets does."""
    file = FOLDER / f"bare-{seconds}.mp3"
    if not file.exists():
        command = [
            PACKAGED_FFMPEG,
            "-v",
            "error",
            "-y",
            "-i",
            str(song(seconds, "mp3")),
            "-c",
            "copy",
            "-write_xing",
            "0",
            "-id3v2_version",
            "0",
        ]
        subprocess.run([*command, str(file)], check=True)
    return file


def endless_wav(seconds: int) -> Path:
    """A 192 kHz, 24-bit stereo WAV (RF64) of any length that takes no room on disk: a second of noise, then a hole of silence."""
    file = FOLDER / f"studio-{seconds}.wav"
    if not file.exists():
        head = FOLDER / "studio-head.wav"
        noise = tones.noise(1, 192_000)
        tones.write(head, noise, 192_000, "-c:a", "pcm_s24le", "-rf64", "always", "-fflags", "+bitexact")
        size = seconds * 192_000 * 6
        content = bytearray(head.read_bytes())
        data_at = content.index(b"data") + 8
        content[4 + 16 : 4 + 16 + 24] = b"".join(n.to_bytes(8, "little") for n in (data_at - 8 + size, size, seconds * 192_000))
        with file.open("wb") as made:
            made.write(content)
            made.truncate(data_at + size)
    return file


def _phrase() -> Path:
    """A minute of chords, drums and air: decaying harmonics, bursts of noise, pink noise, different left and right."""
    file = FOLDER / "phrase.wav"
    if not file.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(11)
        samples = PHRASE_SECONDS * RATE_HZ
        mix = 0.02 * _pink(random, samples)
        for beat in range(0, samples - RATE_HZ, RATE_HZ // 4):
            mix[beat : beat + RATE_HZ] += _chord(random)
        tones.write(file, (0.9 * mix / np.abs(mix).max()).astype(np.float32), RATE_HZ, "-c:a", "pcm_s16le")
    return file


def _pink(random: np.random.Generator, samples: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    spectrum = np.fft.rfft(random.normal(size=(samples, 2)), axis=0)
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))[:, None]
    noise = np.fft.irfft(spectrum, samples, axis=0)
    return np.asarray(noise / noise.std())


def _chord(random: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """One beat: three notes with twelve harmonics each and a drum, panned."""
    time = np.arange(RATE_HZ)[:, None] / RATE_HZ
    drum = np.exp(-40 * time) * random.normal(size=(RATE_HZ, 2)) * random.uniform(0.1, 0.5)
    for root in random.choice([110, 131, 165, 196, 220, 262, 330, 392], 3, replace=False):
        harmonics = np.arange(1, 13)
        notes = np.sin(2 * np.pi * root * harmonics * time + random.uniform(0, 6, 12)) / harmonics
        drum = drum + 0.15 * np.exp(-4 * time) * notes.sum(axis=1, keepdims=True) * random.uniform(0.2, 1, 2)
    return np.asarray(drum)
