"""Wakeups and live signals that reach the programs of every machine: what is said here is passed on, what others say rings here.

Words on the channel:  queue {priority or -}  ·  job {id}  ·  want {job id} {segment}  ·  segment {job id} {number}
"""

from collections.abc import Callable

from app.jobs.job import Priority
from app.jobs.wakeups import Wakeups

ANY = "-"


class RelayedWakeups(Wakeups):
    """Wakeups of one program among many. `tell` sends a word to the others; `hear` takes one of theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.tell: Callable[[str], None] = lambda _word: None

    def queue_changed(self, priority: Priority | None = None) -> None:
        """Wake workers everywhere."""
        super().queue_changed(priority)
        self.tell(f"queue {ANY if priority is None else int(priority)}")

    def job_changed(self, job_id: str) -> None:
        """Wake who follows this job, wherever he is."""
        super().job_changed(job_id)
        self.tell(f"job {job_id}")

    def hear(self, word: str) -> None:
        """Ring here what another program said."""
        kind, _, rest = word.partition(" ")
        if kind == "queue":
            super().queue_changed(None if rest == ANY else Priority(int(rest)))
        elif kind == "job":
            super().job_changed(rest)

    def missed(self) -> None:
        """Words may have been lost: everybody had better look."""
        super().queue_changed()
        for job_id in list(self._followers):
            super().job_changed(job_id)
