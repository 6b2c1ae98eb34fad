"""Those who serve a variant while it is encoded: they wait for segments without polling, and for no longer than they were told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from app.jobs.job import LIVE, Job
from app.jobs.jobs import Jobs
from app.live.listing import FIRST_SEGMENTS
from app.live.publishing import Folder
from app.live.signals import RECHECK_SECONDS, LiveSignals
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Patience:
    """How long somebody waits, and whether he has left: then his turn is another's."""

    seconds: float
    left: Callable[[], bool]


class Viewing:
    """Knows the job's row, the store and the signals, and nothing of the worker."""

    def __init__(self, jobs: Jobs, store: Store, signals: LiveSignals) -> None:
        self._jobs = jobs
        self._store = store
        self._signals = signals

    async def begun(self, job: Job, patience: Patience) -> Job:
        """The job when the segments that a first answer needs are there, when it has ended, or as it is when the time is over."""
        form = job.playlist if job.stream is None else job.stream.form
        for index in range(FIRST_SEGMENTS[form]):
            if job.stream is not None and index >= job.stream.segments:
                break
            job, _ = await self.segment(job, index, patience)
        return job

    async def segment(self, job: Job, index: int, patience: Patience) -> tuple[Job, bool]:
        """The job, and whether the segment is published; when it is, when the job has ended, or as it is when the time is over."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience.seconds
        if await self._is_there(job, index):
            return job, True
        with self._signals.wanting(job.id, index) as bell:
            while True:
                if job.stream is None:
                    job = await self._jobs.get(job.account, job.id) or job
                if await self._is_there(job, index):
                    return job, True
                if job.status not in LIVE or patience.left() or clock() >= deadline:
                    return job, False
                await bell.ring(min(RECHECK_SECONDS, deadline - clock()))
                if not await self._is_there(job, index):
                    job = await self._jobs.get(job.account, job.id) or job

    async def published(self, job: Job, known: int = 0) -> int:
        """How many segments from the beginning on are published; `known` of them already were."""
        assert job.stream is not None
        folder = Folder(self._store, job, job.stream)
        while known < job.stream.segments and await folder.holds(known):
            known += 1
        return known

    async def _is_there(self, job: Job, index: int) -> bool:
        if job.stream is None or index >= job.stream.segments:
            return False
        return await Folder(self._store, job, job.stream).holds(index)
