"""How a job that was running leaves its owner: back to the queue, Failed or Cancelled. One rule for faults, lost leases and dead owners."""

from sqlalchemy import ColumnElement, RowMapping, and_, case, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.callbacks.deliveries import note_end
from app.jobs.dispatch import announce
from app.jobs.job import Job, Priority, Status
from app.jobs.limits import JobLimits
from app.jobs.rows import write_failure
from app.jobs.tables import is_running, jobs
from storage.db import now_ms

LISTED_MS = 10 * 60 * 1000  # players still hear what a broken list names
INTERRUPTED_CODE = "internal_error"
INTERRUPTED_MESSAGE = "The job was interrupted too often. Please try again later."


def is_held(job: Job) -> ColumnElement[bool]:
    """The row is still this owner's, in this attempt: what fences a worker that slept through its lease."""
    return and_(jobs.c.id == job.id, jobs.c.owner == job.owner, jobs.c.attempt == job.attempt, is_running)


async def running_rows(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> list[RowMapping]:
    """Running and Cancelling jobs that meet the conditions, locked for this transaction."""
    columns = (jobs.c.id, jobs.c.status, jobs.c.strikes, jobs.c.attempt)
    query = select(*columns).where(is_running, *conditions).order_by(jobs.c.id).with_for_update()
    return list((await connection.execute(query)).mappings())


async def take_back(connection: AsyncConnection, limits: JobLimits, row: RowMapping, strikes: int = 0, delay_ms: int = 0) -> None:
    """The owner is gone or gives up its claim: run the job again, after the delay, unless it was to be cancelled or has had its chances.

    `strikes`: how many this counts as; a dead or leaving owner is not the job's fault.
    """
    total = row["strikes"] + strikes
    if row["status"] == Status.CANCELLING:
        await end(connection, row["id"], Status.CANCELLED)
    elif total >= limits.strikes or row["attempt"] >= limits.attempts:
        failure = write_failure(INTERRUPTED_CODE, INTERRUPTED_MESSAGE, final=False)
        await end(connection, row["id"], Status.FAILED, failure=failure, strikes=total)
    else:
        await requeue(connection, row["id"], total, delay_ms)


async def requeue(connection: AsyncConnection, job_id: str, strikes: int, delay_ms: int) -> None:
    """Back to Pending, without an owner, claimable after the delay."""
    values = {"status": Status.PENDING, "progress": 0, "strikes": strikes, "not_before_ms": now_ms() + delay_ms}
    await _leave(connection, job_id, **values)
    priority = await connection.scalar(select(jobs.c.priority).where(jobs.c.id == job_id))
    await announce(connection, Priority(priority or 0), delay_ms)


async def end(connection: AsyncConnection, job_id: str, status: Status, **values: object) -> None:
    """Failed or Cancelled: whatever the attempts left in the store is to be deleted; what players have been told of, a little later."""
    grace_ms = case((jobs.c.stream.is_(null()), 0), else_=LISTED_MS) if status is Status.FAILED else 0
    await _leave(connection, job_id, status=status, ended_ms=now_ms(), purge_due_ms=now_ms() + grace_ms, **values)
    await note_end(connection, job_id)


async def _leave(connection: AsyncConnection, job_id: str, **values: object) -> None:
    cleared = {"owner": None, "lease_until_ms": None, "updated_ms": now_ms()}
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(**cleared, **values))
