"""Live signals that reach the programs of every machine: a want rings at the one who encodes, a publication at those who wait.

Wants are also in the database (`app.jobs.streams`), for an encoder that begins after they were said.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.jobs.relay import RelayedWakeups
from app.jobs.wakeups import Bell
from app.live.signals import LiveSignals


class RelayedSignals(LiveSignals):
    """Signals of one program among many; speaks by the same channel as its wakeups."""

    def __init__(self, wakeups: RelayedWakeups) -> None:
        super().__init__(wakeups)
        self._relay = wakeups
        self._elsewhere: dict[str, dict[int, None]] = {}

    @contextmanager
    def wanting(self, job_id: str, segment: int) -> Iterator[Bell]:
        """Want a segment here, and let the one who encodes it know."""
        with super().wanting(job_id, segment) as bell:
            if not self.heard(job_id):
                self._relay.tell(f"want {job_id} {segment}")
            yield bell

    def wants(self, job_id: str) -> Sequence[int]:
        """What is wanted here, then what is wanted elsewhere."""
        return (*super().wants(job_id), *self._elsewhere.get(job_id, ()))

    @contextmanager
    def encoding(self, job_id: str) -> Iterator[Bell]:
        """Listen for wants; the last one to leave forgets them."""
        try:
            with super().encoding(job_id) as bell:
                yield bell
        finally:  # an encode always ends by being cancelled
            if not self.heard(job_id):
                self._elsewhere.pop(job_id, None)

    def published(self, job_id: str, segment: int) -> None:
        """Wake who waits for it, wherever he is."""
        super().published(job_id, segment)
        self._elsewhere.get(job_id, {}).pop(segment, None)
        self._relay.tell(f"segment {job_id} {segment}")

    def hear(self, word: str) -> None:
        """Ring here what another program said."""
        kind, *names = word.split(" ")
        if kind == "segment":
            super().published(names[0], int(names[1]))
        elif kind == "want" and self.heard(names[0]):
            self._elsewhere.setdefault(names[0], {})[int(names[1])] = None
            self._strike_encoders(names[0])
