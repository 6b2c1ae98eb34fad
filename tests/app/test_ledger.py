"""The ledger: exact sums, months, and an audit that finds what is wrong."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.ledger import month_ms
from app.metering import Charge
from storage.db import Database
from tests.app.jobs.conftest import ACCOUNT, CHARGE, OTHER, Queue, result_of
from transforms.spec import Format


@pytest.fixture
async def queue(database_url: str, tmp_path: Path) -> AsyncIterator[Queue]:
    database = Database(database_url)
    await database.migrate()
    yield Queue(database, tmp_path)
    await database.close()


async def charge_at(queue: Queue, job_id: str, created_ms: int) -> None:
    async with queue.database.write() as connection:
        await connection.execute(text("UPDATE ledger SET created_ms = :ms WHERE job_id = :id"), {"ms": created_ms, "id": job_id})


def test_months_meet_exactly() -> None:
    assert month_ms(1970, 1) == (0, 31 * 86_400_000)
    assert month_ms(2023, 12)[1] == month_ms(2024, 1)[0] == 1_704_067_200_000
    assert month_ms(2024, 2)[1] - month_ms(2024, 2)[0] == 29 * 86_400_000


async def test_usage_per_account_month_day_format_and_prefix(queue: Queue) -> None:
    start, end = month_ms(2024, 2)
    charged = [
        ("a", ACCOUNT, "/x/1.mp3", Format.MP3, start),
        ("b", ACCOUNT, "/x/2.mp3", Format.MP3, start + 86_399_999),
        ("c", ACCOUNT, "/y/1.mp3", Format.AAC, end - 1),
        ("d", ACCOUNT, "/x/1.mp3", Format.MP3, end),
        ("e", ACCOUNT, "/x/1.mp3", Format.MP3, start - 1),
        ("f", OTHER, "/x/1.mp3", Format.MP3, start),
    ]
    for identity, account, path, format_, created_ms in charged:
        job = await queue.succeeded(identity, account=account, path=path, format=format_)
        await charge_at(queue, job.id, created_ms)
    month = await queue.ledger.month(ACCOUNT, 2024, 2)
    assert (month.jobs, month.billed_units, month.quota_units) == (3, 3 * CHARGE.billed_units, 3 * CHARGE.quota_units)
    days = await queue.ledger.usage(ACCOUNT, start, end)
    assert [(use.day - start // 86_400_000, use.format, use.jobs) for use in days] == [(0, "mp3", 2), (28, "aac", 1)]
    assert [use.jobs for use in await queue.ledger.usage(ACCOUNT, start, end, path_prefix="/y/")] == [1]
    assert (await queue.ledger.month(OTHER, 2024, 2)).jobs == 1
    assert (await queue.ledger.month(OTHER, 2024, 3)).jobs == 0


async def test_sums_are_exact_beyond_floats(queue: Queue) -> None:
    odd = Charge(2**53 + 1, 2**54 + 3)
    for n in range(3):
        await queue.submit(f"i{n}")
        job = await queue.claim()
        assert await queue.endings.succeed(job, result_of(job), (), odd)
    totals = (await queue.ledger.audit()).total
    assert (totals.billed_units, totals.quota_units) == (3 * (2**53 + 1), 3 * (2**54 + 3))


async def test_the_audit_finds_both_kinds_of_error(queue: Queue) -> None:
    charged, uncharged = await queue.succeeded("a"), await queue.succeeded("b")
    assert (await queue.ledger.audit()).total.jobs == 2
    async with queue.database.write() as connection:
        await connection.execute(text("DELETE FROM ledger WHERE job_id = :id"), {"id": uncharged.id})
        await connection.execute(text("UPDATE jobs SET status = 'Failed' WHERE id = :id"), {"id": charged.id})
    audit = await queue.ledger.audit()
    assert (audit.jobs_without_charge, audit.charges_without_job) == ((uncharged.id,), (charged.id,))


async def test_a_reset_does_not_touch_the_ledger(queue: Queue) -> None:
    await queue.succeeded()
    await queue.retention.retire_prefix(ACCOUNT, "/")
    audit = await queue.ledger.audit()
    assert (audit.total.jobs, audit.jobs_without_charge, audit.charges_without_job) == (1, (), ())
