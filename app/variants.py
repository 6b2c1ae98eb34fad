"""The variant cache: what is finished answers from memory, what is not becomes a job. The heart of `GET /{account}/audio/…`."""

from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from cachetools import LRUCache

from app.files.originals import Originals
from app.jobs.job import Job, Keep, NewJob, Status
from app.jobs.jobs import Jobs
from app.jobs.retention import Retention
from app.quotas import Quotas
from storage.errors import StoreUnavailable
from storage.store import Store

REMEMBERED = 100_000  # finished variants; a Job is about 1 KiB
# While the database is away nobody can reset a variant, except where only this program is cut off from it: then for so long at most.
SERVED_UNHEARD_SECONDS = 3600

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Remembered:
    job: Job
    generation: int


@dataclass(frozen=True, slots=True)
class Gate:
    """What a run is measured by before it begins. `worked_here`: this program works jobs too, so that their originals are expected here."""

    quotas: Quotas
    worked_here: bool


class Variants:
    """Finds, starts and follows the job behind a variant. A finished one costs no database call until a reset."""

    def __init__(self, jobs: Jobs, retention: Retention, originals: Originals, store: Store, gate: Gate) -> None:
        self._jobs = jobs
        self._gate = gate
        self._retention = retention
        self._originals = originals
        self._store = store
        self._finished: LRUCache[str, _Remembered] = LRUCache(REMEMBERED)

    async def find(self, new: NewJob) -> Job | None:
        """The job that answers for the variant, or None. A variant made from files that have changed since is reset first."""
        generation = self._retention.generation
        job = self._recall(new) or await self._jobs.find(new.identity, new.keep)
        if job is None or job.status is not Status.SUCCEEDED:
            return job
        if not await self._is_current(job):
            return None
        if job.keep is Keep.DAY_UNUSED and new.keep is Keep.PERMANENT:
            await self._retention.keep_permanently(job.id)
            job = replace(job, keep=Keep.PERMANENT)
        with suppress(StoreUnavailable):  # a date that is an hour old is no reason to refuse what is there
            await self._retention.touch(job.id)
        if job.keep is not Keep.NOTHING:
            self._remember(job, generation)
        return job

    async def start(self, new: NewJob, instead_of: Job | None = None) -> Job:
        """Queue the variant's job, or join the one that another request has queued. `instead_of`: a failed one, which is forgotten.

        Raises FileNotFound, RequestTooLarge, StoreFull, QueueFull, QuotaExceeded and Conflict (too many jobs at once).
        """
        originals = self._originals.asked_with(new.query)
        found = [await originals.find(new.account, path, to_read=True) for path in (new.path, *new.appended)]
        for original in found:
            originals.check_size(original)
        await self._store.require_space(0)
        if self._gate.worked_here:
            originals.expect(found[0])
        if instead_of is not None:
            await self._jobs.forget_failure(instead_of)
        job, is_new = await self._jobs.submit(new, await self._gate.quotas.admission(new))
        if is_new:
            log.info("job queued", job=job.id, priority=job.priority.name.lower())
        return job

    async def wait(self, job: Job, seconds: float) -> Job:
        """The job when it has ended, or as it is after `seconds`."""
        return await self._jobs.wait(job.account, job.id, seconds) or job

    def _recall(self, new: NewJob) -> Job | None:
        remembered = self._finished.get(new.identity)
        if remembered is None or remembered.generation != self._retention.generation or new.keep is Keep.NOTHING:
            return None
        if self._retention.unheard_seconds > SERVED_UNHEARD_SECONDS:
            return None
        return remembered.job

    def _remember(self, job: Job, generation: int) -> None:
        self._finished[job.identity] = _Remembered(job, generation)

    async def _is_current(self, job: Job) -> bool:
        """Library files change behind our back: look at them. Whoever replaces a stored original resets its variants himself."""
        for source in job.sources:
            if not self._originals.is_current(job.account, source):
                await self._retention.retire_jobs([job.id])
                return False
        return True
