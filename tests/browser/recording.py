"""What a recording of the chirp says: where in the file each moment of it was taken from."""

from base64 import b64decode
from dataclasses import dataclass

import numpy as np

from tests import tones

RATE_HZ = 48_000
STEP_SECONDS = 0.25
SILENCE_SECONDS = 0.005
EDGE_SECONDS = 0.1  # half a window, and the encoder's first frame


def pcm_of(heard: str) -> tones.Pcm:
    """One channel of 32-bit floats at 48 kHz, silence in front of the first sound and behind the last taken off."""
    samples = np.frombuffer(b64decode(heard), "<f4")
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    assert len(loud), "nothing was heard"
    return samples[loud[0] : loud[-1] + 1, None]


def drift_seconds(pcm: tones.Pcm, joins_seconds: tuple[float, ...]) -> list[float]:
    """Chirp time minus recorded time, along the recording and across each join: one number as long as nothing is lost or repeated."""
    seconds = len(pcm) / RATE_HZ
    moments = [
        *np.arange(EDGE_SECONDS, seconds - EDGE_SECONDS, STEP_SECONDS),
        *(join for join in joins_seconds if join < seconds - EDGE_SECONDS),
    ]
    return [tones.chirp_time(pcm, RATE_HZ, float(moment)) - float(moment) for moment in sorted(moments)]


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch in which nothing sounded: how far into the sound it fell, and how long it lasted."""

    at_seconds: float
    seconds: float


def without_silence(pcm: tones.Pcm) -> tuple[tones.Pcm, list[Silence]]:
    """The recording without its silent stretches, and these: half a period of the lowest tone is 1.7 ms."""
    loud = np.flatnonzero(np.abs(pcm[:, 0]) > 0.02)
    steps = np.diff(loud)
    kept = np.ones(len(pcm), bool)
    silences, before = [], 0
    for index in np.flatnonzero(steps > SILENCE_SECONDS * RATE_HZ):
        start, length = int(loud[index]) + 1, int(steps[index]) - 1
        kept[start : start + length] = False
        silences.append(Silence((start - before) / RATE_HZ, length / RATE_HZ))
        before += length
    return pcm[kept], silences


def hertz(pcm: tones.Pcm) -> float:
    """The strongest frequency."""
    window = pcm[:, 0] * np.hanning(len(pcm))
    return float(np.argmax(np.abs(np.fft.rfft(window)))) * RATE_HZ / len(pcm)
