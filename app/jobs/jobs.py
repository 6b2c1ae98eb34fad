"""The public side of the queue: what requests ask of it. One identity, one job, one run, whatever races (the database decides)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from app.callbacks.deliveries import note_end
from app.jobs.dispatch import announce
from app.jobs.errors import QueueFull
from app.jobs.job import LIVE, Job, Keep, NewJob, Priority, Status
from app.jobs.limits import JobLimits
from app.jobs.rows import first_job, job_where, new_row, read_job
from app.jobs.tables import is_cached, is_live, is_queued, is_unkept, job_originals, jobs
from app.jobs.wakeups import Wakeups
from storage.db import Database, insert_new, now_ms

UNKEPT_JOIN_MS = 10 * 60 * 1000  # CONTRACT 5: a poll joins a cache=false run that ended less than 10 minutes ago
RECHECK_SECONDS = 1.0  # the end of a job that another process works is seen this late at most


Admit = Callable[[AsyncConnection, Job], Awaitable[None]]
"""Has the last word on a new job, in its transaction; raises what the client is told."""


class Jobs:
    """Find, submit, follow and cancel jobs."""

    def __init__(self, database: Database, wakeups: Wakeups, limits: JobLimits) -> None:
        self._database = database
        self._wakeups = wakeups
        self._limits = limits
        # Built once: building it takes as long as running it.
        self._kept = _newest_of(_kept_answers(limits.failure_memory_seconds))
        self._unkept = _newest_of(_unkept_answers())

    async def find(self, identity: str, keep: Keep = Keep.PERMANENT) -> Job | None:
        """The job that answers for an identity: live, cached, or failed a short while ago. Runs that keep nothing have their own."""
        async with self._database.read() as connection:
            return await self._find(connection, identity, keep)

    async def submit(self, new: NewJob, admit: Admit | None = None) -> tuple[Job, bool]:
        """The job that answers for the identity, and whether this call created it. Raises QueueFull, and what `admit` raises."""
        job_id = str(ULID())
        job = await self.find(new.identity, new.keep)
        while job is None:
            async with self._database.write() as connection:
                job = await self._find(connection, new.identity, new.keep) or await self._insert(connection, job_id, new)
                if job is not None and job.id == job_id and admit is not None:
                    await admit(connection, job)
        if job.id == job_id:
            self._wakeups.queue_changed(new.priority)
        elif job.status is Status.PENDING and new.priority < job.priority:
            await self.raise_priority(job.id, new.priority)
        return job, job.id == job_id

    async def get(self, account: str, job_id: str) -> Job | None:
        """The account's job, or None."""
        async with self._database.read() as connection:
            return await job_where(connection, jobs.c.id == job_id, jobs.c.account == account)

    async def newest(self, account: str, types: Sequence[str], limit: int = 10) -> list[Job]:
        """The account's newest jobs of these types, newest first."""
        query = select(jobs).where(jobs.c.account == account, jobs.c.type.in_(types))
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(jobs.c.created_ms.desc(), jobs.c.id.desc()).limit(limit))
            return [read_job(row) for row in rows.mappings()]

    async def wait(self, account: str, job_id: str, at_most_seconds: float) -> Job | None:
        """The job when it has ended, or as it is when the time is over."""
        deadline = _Deadline(at_most_seconds)
        with self._wakeups.job_changes(job_id) as bell:
            while True:
                job = await self.get(account, job_id)
                left = deadline.left_seconds()
                if job is None or job.status not in LIVE or left <= 0 or self._wakeups.stopping:
                    return job
                await bell.ring(min(left, RECHECK_SECONDS))

    async def cancel(self, account: str, job_id: str) -> Job | None:
        """Ask for the end of a job: a waiting one is Cancelled at once, a running one Cancelling until its owner has cleaned up."""
        mine = and_(jobs.c.id == job_id, jobs.c.account == account)
        async with self._database.write() as connection:
            if await self._move(connection, mine & is_queued, status=Status.CANCELLED, ended_ms=now_ms(), purge_due_ms=now_ms()):
                await note_end(connection, job_id)
            await self._move(connection, mine & (jobs.c.status == Status.RUNNING), status=Status.CANCELLING)
            job = await job_where(connection, mine)
        self._wakeups.job_changed(job_id)
        return job

    async def forget_failure(self, job: Job) -> None:
        """Let the next request run the variant again, though this failure is young."""
        async with self._database.write() as connection:
            failed = and_(jobs.c.id == job.id, jobs.c.status == Status.FAILED, jobs.c.retired_ms.is_(None))
            await self._move(connection, failed, retired_ms=now_ms())

    async def raise_priority(self, job_id: str, priority: Priority) -> None:
        """Let a waiting job be taken earlier; never later."""
        async with self._database.write() as connection:
            if await self._move(connection, and_(jobs.c.id == job_id, is_queued, jobs.c.priority > priority), priority=priority):
                await announce(connection, priority)
        self._wakeups.queue_changed()

    async def _find(self, connection: AsyncConnection, identity: str, keep: Keep) -> Job | None:
        return await first_job(connection, self._unkept if keep is Keep.NOTHING else self._kept, identity=identity)

    async def _insert(self, connection: AsyncConnection, job_id: str, new: NewJob) -> Job | None:
        """Queue the job; None when another transaction holds the identity's flight (PostgreSQL: it was not yet visible to us)."""
        waiting = await connection.scalar(select(func.count()).select_from(jobs).where(is_queued))
        if (waiting or 0) >= self._limits.queue:
            raise QueueFull
        inserted = await connection.execute(insert_new(connection, jobs).values(new_row(job_id, new)))
        if not inserted.rowcount:
            return None
        originals = [{"job_id": job_id, "account": new.account, "path": path} for path in sorted({new.path, *new.appended})]
        await connection.execute(insert(job_originals), originals)
        await announce(connection, new.priority)
        return await job_where(connection, jobs.c.id == job_id)

    async def _move(self, connection: AsyncConnection, condition: ColumnElement[bool], **values: object) -> int:
        return (await connection.execute(update(jobs).where(condition).values(updated_ms=now_ms(), **values))).rowcount


class _Deadline:
    """Seconds that are left of a wait."""

    def __init__(self, seconds: float) -> None:
        self._clock = asyncio.get_running_loop().time
        self._end = self._clock() + seconds

    def left_seconds(self) -> float:
        return self._end - self._clock()


def _newest_of(answers: ColumnElement[bool]) -> Select[Any]:
    """The job that answers for `:identity`. A live or cached one outranks the memory of a failure."""
    failed_last = (jobs.c.status == Status.FAILED).asc()
    query = select(jobs).where(jobs.c.identity == bindparam("identity"), answers)
    return query.order_by(failed_last, jobs.c.created_ms.desc(), jobs.c.id.desc()).limit(1)


def _kept_answers(failure_memory_seconds: float) -> ColumnElement[bool]:
    remembered = and_(
        jobs.c.status == Status.FAILED,
        jobs.c.retired_ms.is_(None),
        jobs.c.ended_ms > now_ms() - int(failure_memory_seconds * 1000),
    )
    return and_(not_(is_unkept), or_(is_live, is_cached, remembered))


def _unkept_answers() -> ColumnElement[bool]:
    ended = and_(
        jobs.c.status.in_([Status.SUCCEEDED, Status.FAILED]),
        jobs.c.retired_ms.is_(None),
        jobs.c.ended_ms > now_ms() - UNKEPT_JOIN_MS,
    )
    return and_(is_unkept, or_(is_live, ended))
