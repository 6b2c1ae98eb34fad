"""How an owner ends a job: Succeeded with its charge in one transaction, Failed or tried again, Cancelled. All fenced by the attempt."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.callbacks.deliveries import note_end
from app.jobs.job import Job, Result, SourceVersion, Status
from app.jobs.limits import JobLimits
from app.jobs.rows import write_failure, write_result, write_sources
from app.jobs.tables import jobs
from app.jobs.transitions import Setback, end, is_held, running_rows, take_back
from app.jobs.wakeups import Wakeups
from app.ledger import write_charge
from app.metering import Charge
from storage.db import Database, now_ms

LONGEST_POSTPONEMENT_MS = 30_000


class Endings:
    """Ends of jobs that the caller claimed. Objects are published before, the row is the very last."""

    def __init__(self, database: Database, wakeups: Wakeups, limits: JobLimits) -> None:
        self._database = database
        self._wakeups = wakeups
        self._limits = limits

    async def succeed(self, job: Job, result: Result, sources: tuple[SourceVersion, ...], charge: Charge) -> bool:
        """Mark the job Succeeded and charge it, both or neither. False: it is not ours any more, or was cancelled before it ended."""
        values = {
            "status": Status.SUCCEEDED,
            "progress": 100,
            "result": write_result(result),
            "sources": write_sources(sources),
            "size_bytes": result.size_bytes,
        }
        times = {name: now_ms() for name in ("ended_ms", "updated_ms", "last_used_ms")}
        ours = update(jobs).where(is_held(job), jobs.c.status == Status.RUNNING)
        async with self._database.write() as connection:
            ended = await connection.execute(ours.values(owner=None, lease_until_ms=None, **values, **times))
            if ended.rowcount:
                await write_charge(connection, job, charge)
                await note_end(connection, job.id)
            else:
                await _cancel(connection, job)
        self._wakeups.job_changed(job.id)
        return bool(ended.rowcount)

    async def fail(self, job: Job, code: str, message: str, *, final: bool, abandon: bool = False) -> Status | None:
        """Failed when the same would happen again (`final`), the attempt cannot be gone on with (`abandon`) or the strikes are used
        up, else Pending with a growing delay.

        Returns the new status (Cancelled when that was asked meanwhile); None: not ours any more.
        """
        async with self._database.write() as connection:
            rows = await running_rows(connection, is_held(job))
            if not rows:
                return None
            delay_ms = int(self._limits.backoff_seconds * 1000) * 2 ** rows[0]["strikes"]
            setback = Setback(1, delay_ms, write_failure(code, message, final), is_the_last=final or abandon)
            status = await take_back(connection, self._limits, rows[0], setback)
        self._wakeups.job_changed(job.id)
        return status

    async def postpone(self, job: Job) -> Status | None:
        """What the work needs is away, which is not the job's fault: it is tried again, later and later. None: not ours any more."""
        delay_ms = min(1000 * 2 ** min(job.attempt, 10), LONGEST_POSTPONEMENT_MS)
        async with self._database.write() as connection:
            rows = await running_rows(connection, is_held(job))
            status = await take_back(connection, self._limits, rows[0], Setback(delay_ms=delay_ms)) if rows else None
        self._wakeups.job_changed(job.id)
        return status

    async def cancelled(self, job: Job) -> bool:
        """The work is killed and nothing of it is left: Cancelling becomes Cancelled. False: not ours any more."""
        async with self._database.write() as connection:
            done = await _cancel(connection, job)
        self._wakeups.job_changed(job.id)
        return done


async def _cancel(connection: AsyncConnection, job: Job) -> bool:
    rows = await running_rows(connection, is_held(job), jobs.c.status == Status.CANCELLING)
    if rows:
        await end(connection, job.id, Status.CANCELLED)
    return bool(rows)
