"""The ledger: one row per job that succeeded, written in the transaction that ends the job. Integers of exact units, never money as float.

Units are those of `app.metering`; sums are made per day in the database and added up here, where integers have no limit.
"""

from calendar import timegm
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Index, String, Table, Text, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.jobs.job import Job, Status
from app.jobs.tables import jobs
from app.metering import Charge
from storage.db import Database, insert_new, metadata, now_ms

DAY_MS = 86_400_000

ledger = Table(
    "ledger",
    metadata,
    Column("job_id", String(26), primary_key=True),
    Column("account", String(7), nullable=False),
    Column("path", Text, nullable=False),
    Column("format", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("billed_units", BigInteger, nullable=False),
    Column("quota_units", BigInteger, nullable=False),
    Index("ix_ledger_account_created", "account", "created_ms"),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """Charges of one account, UTC day (counted since 1970) and format, added up."""

    account: str
    day: int
    format: str
    jobs: int
    billed_units: int
    quota_units: int


@dataclass(frozen=True, slots=True)
class Total:
    """Charges added up."""

    jobs: int
    billed_units: int
    quota_units: int


@dataclass(frozen=True, slots=True)
class Audit:
    """The ledger against the jobs: both lists are empty unless something is wrong."""

    total: Total
    jobs_without_charge: tuple[str, ...]
    charges_without_job: tuple[str, ...]


async def write_charge(connection: AsyncConnection, job: Job, charge: Charge) -> None:
    """Charge a job within the caller's transaction; a second charge of the same job changes nothing."""
    values = {"job_id": job.id, "account": job.account, "path": job.path, "format": job.format, "created_ms": now_ms()}
    statement = insert_new(connection, ledger).values(**values, billed_units=charge.billed_units, quota_units=charge.quota_units)
    await connection.execute(statement)


class Ledger:
    """Reads the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def usage(self, account: str, start_ms: int, end_ms: int, path_prefix: str = "/") -> list[Usage]:
        """Charges of [start, end) below a path prefix, per UTC day and format, oldest first."""
        wanted = and_(
            ledger.c.account == account,
            ledger.c.created_ms >= start_ms,
            ledger.c.created_ms < end_ms,
            func.substr(ledger.c.path, 1, len(path_prefix)) == path_prefix,
        )
        async with self._database.read() as connection:
            return await _sums(connection, wanted)

    async def month(self, account: str, year: int, month: int) -> Total:
        """Everything charged to an account in a calendar month (UTC)."""
        return total(await self.usage(account, *month_ms(year, month)))

    async def audit(self) -> Audit:
        """Recount: every Succeeded job has exactly one charge (its key is the job id), and every charge its job."""
        succeeded = and_(jobs.c.id == ledger.c.job_id, jobs.c.status == Status.SUCCEEDED)
        uncharged = select(jobs.c.id).outerjoin(ledger, jobs.c.id == ledger.c.job_id)
        uncharged = uncharged.where(jobs.c.status == Status.SUCCEEDED, ledger.c.job_id.is_(None))
        unearned = select(ledger.c.job_id).outerjoin(jobs, succeeded).where(jobs.c.id.is_(None))
        async with self._database.read() as connection:
            missing = tuple((await connection.scalars(uncharged.order_by(jobs.c.id))).all())
            surplus = tuple((await connection.scalars(unearned.order_by(ledger.c.job_id))).all())
            sums = total(await _sums(connection, ledger.c.job_id.is_not(None)))
        return Audit(sums, missing, surplus)


async def _sums(connection: AsyncConnection, wanted: ColumnElement[bool]) -> list[Usage]:
    day = (ledger.c.created_ms // DAY_MS).label("day")
    figures: tuple[ColumnElement[Any], ...] = (func.count(), func.sum(ledger.c.billed_units), func.sum(ledger.c.quota_units))
    query = select(ledger.c.account, day, ledger.c.format, *figures).where(wanted)
    rows = await connection.execute(query.group_by(ledger.c.account, day, ledger.c.format).order_by(day, ledger.c.account, ledger.c.format))
    return [Usage(row[0], row[1], row[2], row[3], int(row[4]), int(row[5])) for row in rows]


def total(rows: Sequence[Usage]) -> Total:
    """Add up."""
    return Total(sum(row.jobs for row in rows), sum(row.billed_units for row in rows), sum(row.quota_units for row in rows))


def month_ms(year: int, month: int) -> tuple[int, int]:
    """A calendar month (UTC) as epoch milliseconds [start, end)."""
    following = (year + month // 12, month % 12 + 1)
    start, end = (timegm((y, m, 1, 0, 0, 0)) * 1000 for y, m in ((year, month), following))
    return start, end
