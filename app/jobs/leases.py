"""The worker's side of the queue: claim a job for a while, keep it by beating, give it back; and take back what the dead held.

Our row and its attempt number decide who owns a job. Whoever is told LOST kills its work and publishes nothing.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.jobs.dispatch import end_turn, mend, take_turn
from app.jobs.job import Job, Priority, Status
from app.jobs.limits import JobLimits
from app.jobs.outages import until_back
from app.jobs.owners import Owner, owner_marks
from app.jobs.rows import read_job
from app.jobs.tables import is_queued, is_running, jobs
from app.jobs.transitions import Setback, change_many, is_held, running_rows, take_back
from app.jobs.turn import Turn
from app.jobs.wakeups import Wakeups
from storage.alive import bury
from storage.channel import is_held as is_held_elsewhere
from storage.db import Database, now_ms

T = TypeVar("T")

RECHECK_SECONDS = 1.0  # jobs that other processes queued, or whose delay is over, are seen this late at most
RECHECK_BY_TICKET_SECONDS = 5.0  # the same where other processes tell
QUIET_MS = 5_000  # no beat for this long: an owner of another machine may be dead


class BeatAnswer(StrEnum):
    """What a beat learns."""

    OURS = "ours"
    CANCEL = "cancel"
    LOST = "lost"


class Leases:
    """Claims and their keeping. `owners_folder` holds the marks of this machine's owners."""

    def __init__(self, database: Database, wakeups: Wakeups, limits: JobLimits, owners_folder: Path) -> None:
        self._database = database
        self._wakeups = wakeups
        self._limits = limits
        self._owners_folder = owners_folder

    async def claim(self, owner: Owner, lowest: Priority = Priority.BACKGROUND, highest: Priority = Priority.REAL_TIME) -> Job | None:
        """The next job, now Running and ours, or None. `lowest` and `highest`: a slot takes nothing less or more urgent.

        Order: priority, then accounts with fewer running jobs, then age.
        """
        async with self._database.write() as connection:
            turn = await take_turn(connection, lowest, highest)
            job = None if turn is None else await self._claim(connection, owner, turn)
            if turn is not None and turn.ticket is not None:
                await _settle(connection, turn, job)
        if job is not None:
            self._wakeups.job_changed(job.id)
        return job

    async def _claim(self, connection: AsyncConnection, owner: Owner, turn: Turn) -> Job | None:
        next_id = _next_id(turn.lowest, turn.highest).correlate(None).scalar_subquery()
        taken = update(jobs).where(jobs.c.id == next_id).returning(jobs)
        values = {"status": Status.RUNNING, "owner": owner.id, "attempt": jobs.c.attempt + 1, "progress": 0}
        rows = await connection.execute(taken.values(**values, lease_until_ms=self._lease_end(), updated_ms=now_ms()))
        row = rows.mappings().first()
        return None if row is None else read_job(row)

    async def next_of(self, claim: Callable[[], Awaitable[T | None]], lowest: Priority, highest: Priority) -> T:
        """What `claim` finds, as soon as it finds something: it looks whenever jobs of these priorities may have become claimable."""
        with self._wakeups.queue_changes(lowest, highest) as bell:
            while True:
                if found := await until_back(claim):
                    return found
                await bell.ring(RECHECK_SECONDS if self._database.is_sqlite else RECHECK_BY_TICKET_SECONDS)

    async def beat(self, job: Job, progress: int) -> BeatAnswer:
        """Keep the lease, tell the progress (0–100, never falling), and learn whether to go on. Beat at a third of the lease."""
        raised = case((jobs.c.progress < progress, progress), else_=jobs.c.progress)
        kept = update(jobs).where(is_held(job)).returning(jobs.c.status)
        async with self._database.write() as connection:
            kept = kept.values(progress=raised, lease_until_ms=self._lease_end(), updated_ms=now_ms())
            status = await connection.scalar(kept)
        if status is None:
            return BeatAnswer.LOST
        return BeatAnswer.CANCEL if status == Status.CANCELLING else BeatAnswer.OURS

    async def release(self, owner: Owner) -> int:
        """Give back everything this owner holds, for others to run at once; how many. For a server that stops."""
        return await self._take_back(owner.id)

    async def reap(self) -> int:
        """Take back jobs whose lease ran out, and at once those of owners of this machine that died; how many."""
        count = await self._reap_expired() + await self._reap_elsewhere()
        for owner_id, mark in owner_marks(self._owners_folder).items():
            with bury(mark) as dead:
                if dead:
                    count += await self._take_back(owner_id)
        return count

    async def _reap_expired(self) -> int:
        expired = jobs.c.lease_until_ms < now_ms()
        async with self._database.read() as connection:
            if await connection.scalar(select(jobs.c.id).where(is_running, expired).limit(1)) is None:
                return 0
        async with self._database.write() as connection:
            await change_many(connection)
            rows = await running_rows(connection, expired)
            for row in rows:
                await take_back(connection, self._limits, row, Setback(strikes=1))
        return self._tell([row["id"] for row in rows])

    async def _reap_elsewhere(self) -> int:
        """Jobs of owners of other machines that have been quiet and whose mark in the database is gone; tickets that are missing."""
        if self._database.is_sqlite:
            return 0
        quiet = jobs.c.updated_ms < now_ms() - QUIET_MS
        async with self._database.read() as connection:
            owners = (await connection.scalars(select(jobs.c.owner).where(is_running, quiet).distinct())).all()
        count = 0
        for owner_id in owners:
            count += await self._take_back(owner_id, quiet, unless_held=True)
        async with self._database.write() as connection:
            mended = await mend(connection)
        if mended:
            self._wakeups.queue_changed()
        return count

    async def _take_back(self, owner_id: str, *conditions: ColumnElement[bool], unless_held: bool = False) -> int:
        async with self._database.write() as connection:
            await change_many(connection)
            if unless_held and await is_held_elsewhere(connection, owner_id):
                return 0
            rows = await running_rows(connection, jobs.c.owner == owner_id, *conditions)
            for row in rows:
                await take_back(connection, self._limits, row, Setback())
        return self._tell([row["id"] for row in rows])

    def _tell(self, job_ids: list[str]) -> int:
        for job_id in job_ids:
            self._wakeups.job_changed(job_id)
        if job_ids:
            self._wakeups.queue_changed()
        return len(job_ids)

    def _lease_end(self) -> ColumnElement[int]:
        return now_ms() + int(self._limits.lease_seconds * 1000)


async def _settle(connection: AsyncConnection, turn: Turn, job: Job | None) -> None:
    """End the turn, unless a job is due whose row somebody is just changing: then the turn is for later."""
    due = select(jobs.c.id).where(_due(turn.lowest, turn.highest)).limit(1)
    if job is None and await connection.scalar(due) is not None:
        await connection.rollback()
    else:
        await end_turn(connection, turn)


def _due(lowest: Priority, highest: Priority) -> ColumnElement[bool]:
    return and_(is_queued, jobs.c.priority.between(highest, lowest), jobs.c.not_before_ms <= now_ms())


def _next_id(lowest: Priority, highest: Priority) -> Select[tuple[str]]:
    """The job whose turn it is. On PostgreSQL claims pass each other by; on SQLite the one writer's lock does the same."""
    running = select(jobs.c.account, func.count().label("running")).where(is_running).group_by(jobs.c.account).subquery()
    turn = (jobs.c.priority, func.coalesce(running.c.running, 0), jobs.c.created_ms, jobs.c.id)
    joined = jobs.outerjoin(running, running.c.account == jobs.c.account)
    return (
        select(jobs.c.id)
        .select_from(joined)
        .where(_due(lowest, highest))
        .order_by(*turn)
        .limit(1)
        .with_for_update(of=jobs, skip_locked=True)
    )
