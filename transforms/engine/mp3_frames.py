"""MPEG audio layer III frames as their four header bytes describe them (ISO/IEC 11172-3, 2.4.2.3 and 13818-3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

_KBPS: Final = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000)}
_MPEG1 = 3


class NotAFrame(ValueError):
    """The four bytes are no header of an MPEG-1 or MPEG-2 layer III frame."""


@dataclass(frozen=True, slots=True)
class Mp3Header:
    """One frame's header. `mono` decides the size of the side information; CRCs are never written by us."""

    word: int

    @property
    def mpeg1(self) -> bool:
        """MPEG-1 (32 to 48 kHz, 1,152 samples) or MPEG-2 (16 to 24 kHz, 576 samples)."""
        return (self.word >> 19) & 3 == _MPEG1

    @property
    def mono(self) -> bool:
        """One channel."""
        return (self.word >> 6) & 3 == 3

    @property
    def samples(self) -> int:
        """Of one channel."""
        return 1152 if self.mpeg1 else 576

    @property
    def sample_rate_hz(self) -> int:
        """Raises NotAFrame."""
        return self._rates[1]

    @property
    def mean_bytes(self) -> Fraction:
        """What frames of this bit rate have on average. Raises NotAFrame."""
        kbps, rate_hz = self._rates
        return Fraction(self.samples * 125 * kbps, rate_hz)

    @property
    def size_bytes(self) -> int:
        """Of the whole frame, header included. Raises NotAFrame."""
        kbps, rate_hz = self._rates
        return self.samples * 125 * kbps // rate_hz + ((self.word >> 9) & 1)

    @property
    def _rates(self) -> tuple[int, int]:
        """kbit/s and Hz."""
        version, index, rate = (self.word >> 19) & 3, (self.word >> 12) & 15, (self.word >> 10) & 3
        if self.word >> 21 != 0x7FF or version not in _KBPS or (self.word >> 17) & 3 != 1 or index in (0, 15) or rate == 3:
            raise NotAFrame(f"{self.word:08x}")
        return _KBPS[version][index], _RATES_HZ[version][rate]

    @property
    def side_bytes(self) -> int:
        """Size of the side information behind the header."""
        if self.mpeg1:
            return 17 if self.mono else 32
        return 9 if self.mono else 17

    def unpadded(self, bitrate_index: int) -> "Mp3Header":
        """The same header with another bit rate and no padding slot."""
        return Mp3Header(self.word & ~(0xF << 12) & ~(1 << 9) | bitrate_index << 12)


def is_cbr(bitrate_kbps: int, sample_rate_hz: int) -> bool:
    """Whether every frame can have this bit rate; LAME rounds the others silently (ENGINE 4)."""
    return bitrate_kbps in _legal_kbps(sample_rate_hz)


def highest_kbps(sample_rate_hz: int) -> int:
    """The bit rate of the largest frame."""
    return _legal_kbps(sample_rate_hz)[-1]


def _legal_kbps(sample_rate_hz: int) -> tuple[int, ...]:
    return _KBPS[_MPEG1 if sample_rate_hz >= 32_000 else 2][1:]


def frame_sizes(chunks: Iterator[bytes]) -> Iterator[int]:
    """The size of each whole frame of a stream that comes in chunks of any size. Raises NotAFrame where the chain breaks."""
    sizes: dict[bytes, int] = {}
    buffered, position = b"", 0
    for chunk in chunks:
        buffered, position = buffered[position:] + chunk, 0
        while position + 4 <= len(buffered):
            word = buffered[position : position + 4]
            size = sizes.get(word)
            if size is None:
                size = sizes[word] = Mp3Header(int.from_bytes(word, "big")).size_bytes
            if position + size > len(buffered):
                break
            position += size
            yield size
