"""What probing found out about one original: the facts a plan needs."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Source:
    """One original, measured.

    `samples`: exact decoded length in samples at `sample_rate_hz` (encoder priming and padding already taken off).
    None until measured: only `probe.measure` fills it.
    `seekable`: any position can be reached to the sample by seeking and counting (ENGINE 2); otherwise positions
    are reached by decoding from the start.
    `frame_rate`: of a real video stream; None for audio-only inputs and for attached pictures.
    """

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    layout: str
    samples: int | None
    seekable: bool
    frame_rate: Fraction | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    has_cover: bool = False

    @property
    def seconds(self) -> Fraction | None:
        """Exact length in seconds, when measured."""
        return None if self.samples is None else Fraction(self.samples, self.sample_rate_hz)
