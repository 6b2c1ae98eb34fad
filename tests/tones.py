"""Test signals whose content tells where it came from, and their way in and out of files through the packaged FFmpeg.

PCM is a float32 array of shape (samples, channels), full scale ±1.
"""

import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[attr-defined]
from numpy.typing import NDArray

Pcm = NDArray[np.float32]

CHIRP_START_HZ = 300.0
CHIRP_HZ_PER_SECOND = 250.0
"""A millisecond is a quarter of a hertz; 10 s of it still fit below 3 kHz, so that every output rate carries them."""


@lru_cache
def ffmpeg() -> str:
    return str(get_ffmpeg_exe())  # type: ignore[no-untyped-call]


def chirp(seconds: float, rate_hz: int, channels: int = 2, *, amplitude: float = 0.5) -> Pcm:
    """A sweep: the frequency at a moment says how far into the file it lies."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = amplitude * np.sin(2 * np.pi * (CHIRP_START_HZ * time + CHIRP_HZ_PER_SECOND / 2 * time**2))
    return np.repeat(wave.astype(np.float32)[:, None], channels, axis=1)


def chirp_time(pcm: Pcm, rate_hz: int, at_seconds: float, *, window_seconds: float = 0.06) -> float:
    """The chirp's own time, in seconds, at a moment of an output: the peak of the spectrum once the sweep is taken out."""
    half = round(window_seconds * rate_hz / 2)
    centre = round(at_seconds * rate_hz)
    part = pcm[centre - half : centre + half, 0].astype(np.float64)
    time = (np.arange(len(part)) - half) / rate_hz
    steady = part * np.hanning(len(part)) * np.exp(-1j * np.pi * CHIRP_HZ_PER_SECOND * time**2)
    bins = 1 << 19
    spectrum = np.abs(np.fft.fft(steady, bins))[: bins // 2]
    hertz = float(np.argmax(spectrum)) * rate_hz / bins
    return (hertz - CHIRP_START_HZ) / CHIRP_HZ_PER_SECOND + (centre / rate_hz - at_seconds)


def clicks(samples: int, at: Sequence[int], channels: int = 2) -> Pcm:
    """Silence with single full samples."""
    pcm = np.zeros((samples, channels), np.float32)
    pcm[list(at)] = 0.9
    return pcm


def noise(seconds: float, rate_hz: int, channels: int = 2, *, amplitude: float = 0.2) -> Pcm:
    """The same noise every time."""
    made = np.random.default_rng(7).normal(scale=amplitude, size=(round(seconds * rate_hz), channels))
    return np.clip(made, -1, 1).astype(np.float32)


def music(seconds: float, rate_hz: int, channels: int = 2) -> Pcm:
    """Something with partials, decays and a noise floor, which codecs treat like music."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = sum(np.sin(2 * np.pi * hertz * time + hertz) * np.exp(-3 * (time % (0.31 + hertz / 9000))) for hertz in (220, 554, 1318, 3520))
    return (0.15 * np.repeat(np.asarray(wave)[:, None], channels, axis=1) + noise(seconds, rate_hz, channels, amplitude=0.01)).astype(
        np.float32
    )


def write(path: Path, pcm: Pcm, rate_hz: int, *codec: str) -> Path:
    """Encode PCM into a file; its name and `codec` say how (FFmpeg's output options)."""
    source = ["-f", "f32le", "-ar", str(rate_hz), "-ac", str(pcm.shape[1]), "-i", "pipe:0"]
    subprocess.run([ffmpeg(), "-v", "error", "-y", *source, *codec, str(path)], input=pcm.astype("<f4").tobytes(), check=True)
    return path


def decode(path: Path, channels: int = 2, *options: str) -> Pcm:
    """Everything FFmpeg decodes from a file, at the file's own rate."""
    command = [ffmpeg(), "-v", "error", "-i", str(path), *options, "-f", "f32le", "pipe:1"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4").reshape(-1, channels)


def signal_to_error_db(reference: Pcm, other: Pcm) -> float:
    """How far the error lies below the signal."""
    error = (reference.astype(np.float64) - other) ** 2
    return float(10 * np.log10(np.sum(reference.astype(np.float64) ** 2) / max(np.sum(error), 1e-20)))
