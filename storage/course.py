"""What to fetch of a file before anybody asks, and in requests of what size: follows where its readers are. Decides, fetches nothing."""

from typing import Final

from storage.extents import Extent, Extents

LEAST_BYTES: Final = 256 * 1024  # of a request: less is mostly round trip
MOST_BYTES: Final = 16 * 2**20
REQUEST_SECONDS: Final = 0.25  # what a request should take
SETTLED_SECONDS: Final = 0.3  # without anybody waiting: until then no more is read ahead than will be read next
AHEAD_WINDOWS: Final = 2


class Course:
    """`window_bytes` is the size of requests now."""

    def __init__(self, size_bytes: int) -> None:
        self.window_bytes = LEAST_BYTES
        self._size_bytes = size_bytes
        self._reads_at = 0
        self._reads_since = float("-inf")

    def follow(self, position: int, claimed: Extents, now: float) -> None:
        """Somebody waits here. After a jump requests are small again, so that the next jump need not wait for them."""
        start, end = claimed.around(self._reads_at)
        if not start <= position <= end:
            self.window_bytes = LEAST_BYTES
        self._reads_at, self._reads_since = position, now

    def widen(self, size_bytes: int, seconds: float) -> None:
        """A request took so long: the next ones are as large as fits the time, growing by steps."""
        fitting_bytes = int(size_bytes / max(seconds, 1e-3) * REQUEST_SECONDS)
        self.window_bytes = max(LEAST_BYTES, min(fitting_bytes, 2 * self.window_bytes, MOST_BYTES))

    def next(self, claimed: Extents, now: float) -> Extent | None:
        """What follows where somebody reads, and, when nobody has waited for a while, all the rest."""
        hole = claimed.hole(self._reads_at, self._size_bytes)
        if now - self._reads_since >= SETTLED_SECONDS:
            hole = hole or claimed.hole(0, self._size_bytes)
        elif hole is not None and hole[0] > self._reads_at + AHEAD_WINDOWS * self.window_bytes:
            hole = None
        return None if hole is None else (hole[0], min(hole[1], hole[0] + self.window_bytes))
