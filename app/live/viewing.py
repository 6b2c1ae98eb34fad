"""Those who serve a variant while it is encoded: they wait for segments without polling, and for no longer than they were told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.jobs.job import LIVE, Job
from app.jobs.jobs import Jobs
from app.jobs.streams import Streams
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

    def __init__(self, jobs: Jobs, streams: Streams, store: Store, signals: LiveSignals) -> None:
        self._jobs = jobs
        self._streams = streams
        self._store = store
        self._signals = signals

    async def begun(self, job: Job, patience: Patience) -> Job:
        """The job when the segments that a first answer needs are there, when it has ended, or as it is when the time is over."""
        end = asyncio.get_running_loop().time() + patience.seconds
        job = await self.segment(job, 0, patience)
        for index in range(1, FIRST_SEGMENTS[job.stream.form] if job.stream is not None else 0):
            job = await self.segment(job, index, replace(patience, seconds=end - asyncio.get_running_loop().time()))
        return job

    async def segment(self, job: Job, index: int, patience: Patience) -> Job:
        """The job when the segment is published or cannot be, when it has ended, or as it is when the time is over."""
        if await self._is_settled(job, index):
            return job
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience.seconds
        told = False
        with self._signals.wanting(job.id, index) as bell:
            while True:
                job = await self._jobs.get(job.account, job.id) or job
                if await self._is_settled(job, index) or patience.left() or clock() >= deadline:
                    return job
                await bell.ring(min(RECHECK_SECONDS, deadline - clock()))
                if job.owner is not None and not told and not self._signals.heard(job.id):
                    await self._streams.want(job, index)
                    told = True

    async def published(self, job: Job, known: int = 0) -> int:
        """How many segments from the beginning on are published; `known` of them already were."""
        assert job.stream is not None
        folder = Folder(self._store, job, job.stream)
        while known < job.stream.segments and await folder.holds(known):
            known += 1
        return known

    async def _is_settled(self, job: Job, index: int) -> bool:
        """Whether waiting would change nothing."""
        if job.status not in LIVE:
            return True
        if job.stream is None:
            return False
        return index >= job.stream.segments or await Folder(self._store, job, job.stream).holds(index)
