"""A picture for sounds without a cover: drawn from the file's path, so that a file keeps its face."""

import hashlib
from dataclasses import dataclass
from math import pi, sin
from typing import Final

BARS: Final = 27
SIDE: Final = 400
MARGIN: Final = 48


@dataclass(frozen=True, slots=True)
class Bar:
    """One stroke, in the units of a square of 400."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Artwork:
    """Two hues in degrees and the bars of the drawing. An ornament, not the sound's own shape."""

    hue: int
    second_hue: int
    bars: tuple[Bar, ...]
    bar_width: float


def draw(path: str) -> Artwork:
    """The drawing of a path."""
    digest = hashlib.sha256(path.encode()).digest()
    step = (SIDE - 2 * MARGIN) / BARS
    bars = tuple(_bar(index, digest[index], step) for index in range(BARS))
    hue = digest[30] * 360 // 256
    return Artwork(hue, (hue + 50 + digest[31] % 40) % 360, bars, round(step * 0.52, 1))


def _bar(index: int, byte: int, step: float) -> Bar:
    """Higher in the middle, and never the same as its neighbours."""
    envelope = 0.25 + 0.75 * sin(pi * (index + 0.5) / BARS)
    height = round(14 + 190 * envelope * (0.3 + 0.7 * byte / 255), 1)
    return Bar(round(MARGIN + (index + 0.24) * step, 1), round((SIDE - height) / 2, 1), height)
