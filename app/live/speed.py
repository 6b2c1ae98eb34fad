"""How fast each rendition of a variant is encoded, measured while it is done. Pure: seconds in, speeds out."""

from collections.abc import Sequence


class Speedometer:
    """Adds up what was encoded, and what each rendition alone took of it."""

    def __init__(self) -> None:
        self._sound_seconds = 0.0
        self._work_seconds: Sequence[float] = ()

    def add(self, sound_seconds: float, work_seconds: Sequence[float]) -> None:
        """A segment is encoded: its length, and what each rendition took besides the decode that feeds all of them."""
        before = self._work_seconds or [0.0] * len(work_seconds)
        self._sound_seconds += sound_seconds
        self._work_seconds = [sum(pair) for pair in zip(before, work_seconds, strict=True)]

    def speeds(self, elapsed_seconds: float) -> tuple[float, ...]:
        """Seconds of sound per second for each rendition, `elapsed_seconds` after the encode began.

        A rendition takes what all of them need (waiting for a processor, reading, decoding) and its own resampling and encoding; what the
        others take of the time is left out. Where several segments are encoded side by side, an hour of work is less than an hour.
        """
        all_work_seconds = sum(self._work_seconds)
        side_by_side = max(1.0, all_work_seconds / max(elapsed_seconds, 1e-6))
        shared_seconds = max(0.0, elapsed_seconds - all_work_seconds / side_by_side)
        return tuple(self._sound_seconds / max(shared_seconds + own / side_by_side, 1e-6) for own in self._work_seconds)
