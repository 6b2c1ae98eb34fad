"""The demo original: half a minute of music of our own, so that a fresh install has something to transform.

"First Light", eight bars over a falling bass: plucked strings, a bell-like melody, a slow pad, an echo that crosses the stereo field. It is
computed when it is first needed, from nothing but this file, and is the same every time. Lists of floats stand for signals; the loops
run inside `map`, which is what makes plain Python fast enough (about a second).
"""

import random
import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise, repeat
from math import exp, log, pi, sin
from operator import add, mul
from pathlib import Path
from typing import Final

RATE_HZ: Final = 44_100
MIX_HZ: Final = RATE_HZ // 2  # everything below is mixed at this rate: half the work, and a warm sound
BEAT_SAMPLES: Final = 14_400  # 92 beats a minute
BAR_BEATS: Final = 4
LAST_BEATS: Final = 8  # the last chord and its echoes
TITLE: Final = "First Light"
ARTIST: Final = "Soundpath"
PEAK: Final = 0.84  # of full scale: leaves an encoder room to overshoot

Signal = Sequence[float]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: bass note, the chord's four notes, and the melody as (beat, note, loudness). Notes are MIDI numbers."""

    bass: int
    chord: tuple[int, int, int, int]
    melody: tuple[tuple[float, int, float], ...]


SCORE: Final = (
    Bar(38, (57, 62, 66, 69), ((0, 78, 0.9), (1.5, 76, 0.6), (2, 74, 0.8), (3, 69, 0.6))),
    Bar(37, (57, 61, 64, 69), ((0, 76, 0.9), (1.5, 73, 0.6), (2.5, 69, 0.7))),
    Bar(35, (54, 57, 62, 66), ((0, 74, 0.9), (1, 76, 0.6), (1.5, 78, 0.7), (3, 81, 0.8))),
    Bar(42, (57, 61, 64, 66), ((0, 80, 0.5), (0.5, 81, 0.9), (2, 76, 0.7), (3, 73, 0.6))),
    Bar(43, (59, 62, 66, 69), ((0, 74, 0.9), (1.5, 78, 0.7), (2, 83, 0.9), (3.5, 81, 0.6))),
    Bar(42, (57, 62, 66, 69), ((0, 81, 0.9), (1.5, 78, 0.7), (2.5, 74, 0.7))),
    Bar(40, (55, 59, 62, 66), ((0, 71, 0.7), (0.5, 74, 0.8), (1.5, 78, 0.8), (3, 76, 0.7))),
    Bar(45, (57, 62, 64, 69), ((0, 76, 0.9), (2, 73, 0.8), (3, 69, 0.6))),
    Bar(38, (57, 62, 64, 66), ((0, 74, 1.0), (0.06, 81, 0.5), (0.12, 86, 0.4))),
)
PICKING: Final = (0, 2, 1, 3, 2, 1, 3, 2)  # which of the chord's notes each eighth plucks
LENGTH: Final = ((len(SCORE) - 1) * BAR_BEATS + LAST_BEATS) * BEAT_SAMPLES


class Track:
    """A mono signal under construction."""

    def __init__(self) -> None:
        self.samples = [0.0] * LENGTH

    def mix(self, at_beats: float, sound: Signal, gain: float) -> None:
        """Add a sound; what reaches behind the end is cut off."""
        start = round(at_beats * BEAT_SAMPLES)
        end = min(start + len(sound), LENGTH)
        self.samples[start:end] = map(add, self.samples[start:end], map(mul, sound, repeat(gain)))


def synthesise(path: Path) -> None:
    """Write the piece as a 44.1 kHz 16-bit stereo WAV file with title and artist; the folder must exist."""
    near, far = Track(), Track()  # players on the left and on the right
    for number, bar in enumerate(SCORE):
        _play_strings(near, far, number * BAR_BEATS, bar)
        _play_melody(far, number * BAR_BEATS, bar)
    for number, bar in enumerate(SCORE):
        _play_pad(near, far, number * BAR_BEATS, bar)
    hall = list(map(add, near.samples, far.samples))  # what reaches the walls
    left = _side(near.samples, far.samples, _echo(hall, 1, (653, 821)))
    right = _side(far.samples, near.samples, _echo(hall, 2, (691, 853)))
    path.write_bytes(_wav(_full_rate(left), _full_rate(right)))


def _play_strings(near: Track, far: Track, beat: int, bar: Bar) -> None:
    for track in (near, far):
        track.mix(beat, _pluck(bar.bass, 2.4, 6), 0.55)
    if bar is SCORE[-1]:  # strummed, and left to ring
        for string, note in enumerate(bar.chord):
            (near, far)[string % 2].mix(beat + 0.09 * string, _pluck(note, 3.0, 3), 0.42)
        return
    for eighth, string in enumerate(PICKING):
        loudness = 0.4 if eighth % 4 == 0 else 0.31
        (near, far)[string % 2].mix(beat + eighth / 2, _pluck(bar.chord[string], 1.4, 3), loudness)


def _play_melody(track: Track, beat: int, bar: Bar) -> None:
    for at, note, loudness in bar.melody:
        track.mix(beat + at, _bell(note), 0.24 * loudness)


def _play_pad(near: Track, far: Track, beat: int, bar: Bar) -> None:
    """The chord swells over its bar and fades into the next one."""
    swell = _swell()
    chord: Signal = _hum(bar.chord[0])
    for note in bar.chord[1:]:
        chord = list(map(add, chord, _hum(note)))
    sound = list(map(mul, chain(chord, chord, chord), swell))
    for track in (near, far):
        track.mix(beat, sound, 0.045)


def _hz(note: int) -> float:
    """Equal temperament, A4 (69) = 440 Hz."""
    return 440.0 * exp((note - 69) / 12 * log(2))


@cache
def _pluck(note: int, seconds: float, softness: int) -> Signal:
    """A plucked string after Karplus and Strong: a burst of noise in a loop that averages neighbours, one period at a time.

    At the full rate, because a period is a whole number of samples: at half of it the high strings would be out of tune.
    """
    period = round(RATE_HZ / _hz(note) - 0.5)  # averaging two neighbours delays by half a sample
    loop = _touch(note, period, softness)
    loss = 0.5 * exp(-5.5 * period / (RATE_HZ * seconds))
    periods = [loop]
    for _ in range(round(seconds * RATE_HZ / period)):
        loop = list(map(mul, map(add, loop, [loop[-1], *loop[:-1]]), repeat(loss)))
        periods.append(loop)
    string = list(chain.from_iterable(periods))
    return _faded_out(list(map(add, string[0::2], string[1::2])))


def _touch(seed: int, period: int, softness: int) -> list[float]:
    """One period of noise around zero: what is off zero would stay in the loop longest and is no sound."""
    noise = random.Random(seed)
    loop = [noise.uniform(-1, 1) for _ in range(period)]
    for _ in range(softness):
        loop = [(a + b) / 2 for a, b in pairwise([loop[-1], *loop])]
    mean = sum(loop) / period
    return [sample - mean for sample in loop]


@cache
def _bell(note: int) -> Signal:
    """A soft bell: the octave above is quieter and dies sooner."""
    sound = list(map(add, _ring(_hz(note), 1.0, 3.0), _ring(2 * _hz(note), 0.3, 5.5)))
    attack = MIX_HZ // 200  # 5 ms
    sound[:attack] = (sample * i / attack for i, sample in enumerate(sound[:attack]))
    return _faded_out(sound)


def _ring(hz: float, loudness: float, decay_per_second: float) -> Signal:
    """A decaying sine of 1.5 s as a recurrence: each sample is made from the two before it."""
    shrink = exp(-decay_per_second / MIX_HZ)
    forward, backward = 2 * shrink * (1 - 2 * sin(pi * hz / MIX_HZ) ** 2), -shrink * shrink
    before, now = 0.0, loudness * shrink * sin(2 * pi * hz / MIX_HZ)
    samples = []
    for _ in range(MIX_HZ * 3 // 2):
        samples.append(before)
        before, now = now, forward * now + backward * before
    return samples


@cache
def _hum(note: int) -> Signal:
    """A steady tone to be looped: two seconds, so its pitch is rounded to half a hertz."""
    step = 2 * pi * round(2 * _hz(note)) / (2 * MIX_HZ)
    return list(map(sin, map(mul, range(2 * MIX_HZ), repeat(step))))


@cache
def _swell() -> Signal:
    """In and out without a corner, half a bar longer than a bar."""
    length = BEAT_SAMPLES * BAR_BEATS * 3 // 2
    return [sin(pi * i / length) ** 2 for i in range(length)]


def _faded_out(sound: list[float]) -> Signal:
    """The last 50 ms fall to zero, so that no cut clicks."""
    fade = MIX_HZ // 20
    sound[-fade:] = (sample * (fade - i) / fade for i, sample in enumerate(sound[-fade:]))
    return sound


def _echo(hall: Signal, times: int, delays: tuple[int, int]) -> Signal:
    """The room: an echo `times` × three quarters of a beat late, and a dense tail from two delays that share no factor."""
    step = BEAT_SAMPLES * 3 // 4
    room = list(map(mul, chain(repeat(0.0, times * step), _repeated(hall, 2 * step, 0.4)), repeat(0.2 - 0.05 * times)))
    for delay in delays:
        room = list(map(add, room, map(mul, chain(repeat(0.0, delay), _repeated(hall, delay, 0.8)), repeat(0.03))))
    return room


def _repeated(signal: Signal, delay: int, share: float) -> list[float]:
    """The signal and its echoes, each `share` of the one before."""
    out = list(signal)
    for start in range(delay, len(out), delay):
        out[start : start + delay] = map(add, out[start : start + delay], map(mul, out[start - delay : start], repeat(share)))
    return out


def _side(near: Signal, far: Signal, room: Signal) -> list[float]:
    """What one ear hears: the near players, the far ones softer, and the room."""
    return list(map(add, map(add, near, map(mul, far, repeat(0.5))), room))


def _full_rate(signal: list[float]) -> list[float]:
    """Twice as many samples: those between two are weighed from their four neighbours (a half-band filter of four taps)."""
    beside = map(add, signal, [*signal[1:], 0.0])
    around = map(add, [0.0, *signal[:-1]], [*signal[2:], 0.0, 0.0])
    doubled = signal * 2
    doubled[0::2] = signal
    doubled[1::2] = map(add, map(mul, beside, repeat(0.5625)), map(mul, around, repeat(-0.0625)))
    return doubled


def _wav(left: list[float], right: list[float]) -> bytes:
    """RIFF WAVE with an INFO list (INAM title, IART artist); both sides scaled by one factor to PEAK."""
    scale = PEAK * 32_767 / max(max(map(abs, left)), max(map(abs, right)))
    frames = array("h", bytes(4 * len(left)))
    frames[0::2] = array("h", map(int, map(mul, left, repeat(scale))))
    frames[1::2] = array("h", map(int, map(mul, right, repeat(scale))))
    if sys.byteorder == "big":
        frames.byteswap()
    info = b"INFO" + _chunk(b"INAM", TITLE.encode() + b"\0") + _chunk(b"IART", ARTIST.encode() + b"\0")
    form = struct.pack("<HHIIHH", 1, 2, RATE_HZ, RATE_HZ * 4, 4, 16)  # PCM, stereo, 16 bit
    return _chunk(b"RIFF", b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"LIST", info) + _chunk(b"data", frames.tobytes()))


def _chunk(name: bytes, content: bytes) -> bytes:
    """A RIFF chunk, padded to an even length."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
