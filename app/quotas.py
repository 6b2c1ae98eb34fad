"""What an account may still begin: its monthly quota (402), counted with what its running jobs will cost, and jobs at once (409).

Decided in the transaction that queues the job, so that any number of racing requests and processes stays within the limits.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, Index, String, Table, and_, delete, func, insert, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.accounts import allowance_of
from app.errors import Conflict, QuotaExceeded
from app.jobs.job import Job, NewJob
from app.jobs.jobs import Admit
from app.jobs.tables import is_live, jobs
from app.ledger import ledger, month_ms
from app.metering import FREE, QUOTA_UNITS_PER_SECOND, Charge
from storage.db import Database, metadata, take_turn
from transforms.errors import RefusedInput
from transforms.spec import Format

# What jobs that have not ended will cost. Rows of ended ones are swept by the next admission.
quota_reservations = Table(
    "quota_reservations",
    metadata,
    Column("job_id", String(26), primary_key=True),
    Column("account", String(7), nullable=False),
    Column("quota_units", BigInteger, nullable=False),
    Index("ix_quota_reservations_account", "account"),
)


class Quotas:
    """Admits jobs. `price` says what a new job will cost; it is asked only for accounts that have a quota."""

    def __init__(self, database: Database, price: Callable[[NewJob], Awaitable[Charge]]) -> None:
        self._database = database
        self._price = price

    async def admission(self, new: NewJob) -> Admit:
        """The word on this job, its price looked up before any lock is taken."""
        async with self._database.read() as connection:
            allowance = await allowance_of(connection, new.account)
        charge = FREE if allowance.quota_seconds_per_month is None else await self._expected(new)

        async def admit(connection: AsyncConnection, job: Job) -> None:
            if allowance.concurrent_jobs is None and allowance.quota_seconds_per_month is None:
                return
            await take_turn(connection, f"quota {job.account}")
            if allowance.concurrent_jobs is not None:
                await _check_running(connection, job.account, allowance.concurrent_jobs)
            if allowance.quota_seconds_per_month is not None:
                await _reserve(connection, job, charge, allowance.quota_seconds_per_month)

        return admit

    async def _expected(self, new: NewJob) -> Charge:
        """What cannot be made costs nothing, and its job says why."""
        try:
            return await self._price(new)
        except RefusedInput:
            return FREE


async def _check_running(connection: AsyncConnection, account: str, at_most: int) -> None:
    """The new job is among those counted."""
    mine = and_(jobs.c.account == account, is_live, jobs.c.format != Format.META)
    running = await connection.scalar(select(func.count()).select_from(jobs).where(mine))
    if (running or 0) > at_most:
        raise Conflict(f"This account may have {at_most} jobs at once. Try again when one of them has ended.")


async def _reserve(connection: AsyncConnection, job: Job, charge: Charge, quota_seconds: int) -> None:
    mine = quota_reservations.c.account == job.account
    live = select(jobs.c.id).where(jobs.c.account == job.account, is_live)
    await connection.execute(delete(quota_reservations).where(mine, not_(quota_reservations.c.job_id.in_(live))))
    reserved = int(await connection.scalar(select(func.sum(quota_reservations.c.quota_units)).where(mine)) or 0)
    used = await _used_units(connection, job.account)
    if used + reserved + charge.quota_units > quota_seconds * QUOTA_UNITS_PER_SECOND:
        needed = charge.quota_units / QUOTA_UNITS_PER_SECOND
        left = max(0.0, quota_seconds - (used + reserved) / QUOTA_UNITS_PER_SECOND)
        raise QuotaExceeded(f"This takes {needed:.2f} quota seconds; this month's quota has {left:.2f} left.")
    row = {"job_id": job.id, "account": job.account, "quota_units": charge.quota_units}
    await connection.execute(insert(quota_reservations).values(**row))


async def _used_units(connection: AsyncConnection, account: str) -> int:
    today = datetime.now(UTC)
    start_ms, end_ms = month_ms(today.year, today.month)
    this_month = and_(ledger.c.account == account, ledger.c.created_ms >= start_ms, ledger.c.created_ms < end_ms)
    return int(await connection.scalar(select(func.sum(ledger.c.quota_units)).where(this_month)) or 0)
