"""Who sleeps until something about jobs changes, and how they are woken. In-process; `relay` passes it on to other programs, and callers
look again by themselves, for a word can be lost.

A bell is hung up before the sleeper looks at the database, so a change between the look and the sleep is never missed:

    with wakeups.job_changes(job_id) as bell:
        while not (job := await look()):
            await bell.ring(seconds)
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from app.jobs.job import Priority


class Bell(Protocol):
    """One sleeper's bell."""

    def strike(self) -> None:
        """Wake the sleeper."""

    async def ring(self, at_most_seconds: float) -> None:
        """Sleep until something changed since the last return, or the time is over."""


class Wakeups:
    """Bells for waiting workers and for those who follow one job. Belongs to one event loop."""

    def __init__(self) -> None:
        self._workers: dict[_EventBell, range] = {}
        self._followers: dict[str, set[_EventBell]] = {}
        self.stopping = False

    @contextmanager
    def queue_changes(self, lowest: Priority, highest: Priority) -> Iterator[Bell]:
        """Rings when a job of these priorities may have become claimable."""
        bell = _EventBell()
        self._workers[bell] = range(highest, lowest + 1)
        try:
            yield bell
        finally:
            del self._workers[bell]

    @contextmanager
    def job_changes(self, job_id: str) -> Iterator[Bell]:
        """Rings when this job's status changed (its owner listens for Cancelling, a client for the end)."""
        bell = _EventBell()
        self._followers.setdefault(job_id, set()).add(bell)
        try:
            yield bell
        finally:
            bells = self._followers[job_id]
            bells.discard(bell)
            if not bells:
                del self._followers[job_id]

    def stop(self) -> None:
        """The service stops: whoever waits for the end of a job is told what there is."""
        self.stopping = True
        for job_id in self._followers:
            self.job_changed(job_id)

    def queue_changed(self, priority: Priority | None = None) -> None:
        """Wake the workers, or only those who take jobs of this priority."""
        for bell, takes in self._workers.items():
            if priority is None or priority in takes:
                bell.strike()

    def job_changed(self, job_id: str) -> None:
        """Wake who follows this job."""
        for bell in self._followers.get(job_id, ()):
            bell.strike()


class _EventBell:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def strike(self) -> None:
        self._event.set()

    async def ring(self, at_most_seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_seconds):
                await self._event.wait()
        self._event.clear()
