"""Who wants which segment, and who is told when it is there: the door between those who serve segments and those who encode them.

In-process; `relay` passes it on to other programs. Both sides also look again by themselves (`RECHECK_SECONDS`), for a word can be lost.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from app.jobs.wakeups import Bell, Wakeups

RECHECK_SECONDS = 0.5


class LiveSignals:
    """Wants and publications of segments, by job id and segment number. Belongs to one event loop."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups
        self._wants: dict[str, dict[int, list[Bell]]] = {}
        self._encoders: dict[str, set[Bell]] = {}
        self._urgent = 0
        self._calm = asyncio.Event()
        self._calm.set()

    @contextmanager
    def wanting(self, job_id: str, segment: int) -> Iterator[Bell]:
        """Want a segment for as long as the context lasts. The bell rings when it is published, or the job's status changed."""
        with self._wakeups.job_changes(job_id) as bell:
            waiting = self._wants.setdefault(job_id, {})
            waiting.setdefault(segment, []).append(bell)
            self._strike_encoders(job_id)
            try:
                yield bell
            finally:
                waiting[segment].remove(bell)
                if not waiting[segment]:
                    del waiting[segment]
                if not waiting:
                    self._wants.pop(job_id, None)

    def wants(self, job_id: str) -> Sequence[int]:
        """Segments that somebody waits for, in the order they were first asked for."""
        return tuple(self._wants.get(job_id, ()))

    @contextmanager
    def encoding(self, job_id: str) -> Iterator[Bell]:
        """The bell of one who encodes this job's segments: it rings when there is something else to decide."""
        with self._wakeups.job_changes(job_id) as bell:
            self._encoders.setdefault(job_id, set()).add(bell)
            try:
                yield bell
            finally:
                self._encoders[job_id].discard(bell)
                if not self._encoders[job_id]:
                    del self._encoders[job_id]

    def heard(self, job_id: str) -> bool:
        """Whether the one who encodes the job's segments is in this program."""
        return job_id in self._encoders

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """Something that somebody waits for is encoded while the context lasts."""
        self._urgent += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._urgent -= 1
            if not self._urgent:
                self._calm.set()

    async def calm(self, at_most_seconds: float) -> None:
        """Wait until nobody waits for anything that is being encoded in this program, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_seconds):
                await self._calm.wait()

    def published(self, job_id: str, segment: int) -> None:
        """The segment is durable in every rendition, and the stream announced."""
        for bell in self._wants.get(job_id, {}).get(segment, ()):
            bell.strike()
        self._strike_encoders(job_id)

    def _strike_encoders(self, job_id: str) -> None:
        for bell in self._encoders.get(job_id, ()):
            bell.strike()
