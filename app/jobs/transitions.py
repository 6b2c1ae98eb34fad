"""How a job that was running leaves its owner: back to the queue, Failed or Cancelled. One rule for faults, lost leases and dead owners."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, and_, case, delete, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.callbacks.deliveries import note_end
from app.jobs.dispatch import announce
from app.jobs.job import Job, Priority, Status
from app.jobs.limits import JobLimits
from app.jobs.rows import write_failure
from app.jobs.tables import is_running, jobs, segment_wants
from storage.db import now_ms, take_turn

LISTED_MS = 10 * 60 * 1000  # players still hear what a broken list names
INTERRUPTED: Final = write_failure("internal_error", "The job was interrupted too often. Please try again later.", final=False)


@dataclass(frozen=True, slots=True)
class Setback:
    """Why an attempt ends without a result: its owner died, gives up its claim, or has met an error.

    `strikes`: how many it counts as; a dead or leaving owner is not the job's fault. `delay_ms`: so long the next attempt waits.
    `failure`: what the client is told when there is none, because the chances are used up or this was the last one in any case.
    """

    strikes: int = 0
    delay_ms: int = 0
    failure: Mapping[str, Any] = field(default_factory=lambda: INTERRUPTED)
    is_the_last: bool = False


def is_held(job: Job) -> ColumnElement[bool]:
    """The row is still this owner's, in this attempt: what fences a worker that slept through its lease."""
    return and_(jobs.c.id == job.id, jobs.c.owner == job.owner, jobs.c.attempt == job.attempt, is_running)


async def change_many(connection: AsyncConnection) -> None:
    """First thing in a transaction that changes several jobs: two of them, each holding a row that the other wants, would wait for ever.

    The order of ids alone does not help, because which rows are meant changes while a transaction waits for the first of them.
    """
    await take_turn(connection, "many jobs")


async def running_rows(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> list[RowMapping]:
    """Running and Cancelling jobs that meet the conditions, locked for this transaction."""
    columns = (jobs.c.id, jobs.c.status, jobs.c.strikes, jobs.c.attempt)
    query = select(*columns).where(is_running, *conditions).order_by(jobs.c.id).with_for_update()
    return list((await connection.execute(query)).mappings())


async def take_back(connection: AsyncConnection, limits: JobLimits, row: RowMapping, setback: Setback) -> Status:
    """Run the job again, unless it was to be cancelled or has had its chances; returns its new status."""
    strikes = row["strikes"] + setback.strikes
    if row["status"] == Status.CANCELLING:
        await end(connection, row["id"], Status.CANCELLED)
        return Status.CANCELLED
    if setback.is_the_last or strikes >= limits.strikes or row["attempt"] >= limits.attempts:
        await end(connection, row["id"], Status.FAILED, failure=setback.failure, strikes=strikes)
        return Status.FAILED
    await requeue(connection, row["id"], strikes, setback.delay_ms)
    return Status.PENDING


async def requeue(connection: AsyncConnection, job_id: str, strikes: int, delay_ms: int) -> None:
    """Back to Pending, without an owner, claimable after the delay."""
    values = {"status": Status.PENDING, "progress": 0, "strikes": strikes, "not_before_ms": now_ms() + delay_ms}
    await _leave(connection, job_id, **values)
    priority = await connection.scalar(select(jobs.c.priority).where(jobs.c.id == job_id))
    await announce(connection, Priority(priority or 0), delay_ms)


async def end(connection: AsyncConnection, job_id: str, status: Status, **values: object) -> None:
    """Failed or Cancelled: whatever the attempts left in the store is to be deleted; what players have been told of, a little later.

    What they still want nobody will encode.
    """
    grace_ms = case((jobs.c.stream.is_(null()), 0), else_=LISTED_MS) if status is Status.FAILED else 0
    await _leave(connection, job_id, status=status, ended_ms=now_ms(), purge_due_ms=now_ms() + grace_ms, **values)
    await connection.execute(delete(segment_wants).where(segment_wants.c.job_id == job_id))
    await note_end(connection, job_id)


async def _leave(connection: AsyncConnection, job_id: str, **values: object) -> None:
    cleared = {"owner": None, "lease_until_ms": None, "updated_ms": now_ms()}
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(**cleared, **values))
