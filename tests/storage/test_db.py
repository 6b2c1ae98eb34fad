"""The database door: durability settings, transactions under races and cancellation, migrations, the clock."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import IntegrityError

import app.accounts.tables
import app.callbacks.tables
import app.files.tables
import app.jobs.tables
import app.ledger
import app.quotas
import app.signing.tables
from storage import upgrade
from storage.db import Database, _create_sqlite, metadata, now_ms

# Imported, so that they are in `metadata`.
TABLES = (app.accounts.tables.accounts, app.files.tables.files, app.jobs.tables.jobs, app.ledger.ledger)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    await opened.migrate()
    yield opened
    await opened.close()


async def test_sqlite_is_set_up_for_durability(database: Database) -> None:
    async with database.read() as connection:
        found = [
            await connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 2, 1, 30_000]


async def test_migrations_are_the_metadata(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
    assert {table.name for table in TABLES} < set(metadata.tables)


async def test_migrations_write_the_same_indexes(database: Database, tmp_path: Path) -> None:
    """Alembic does not compare the conditions of partial indexes: single flight hangs on them."""
    direct = Database(f"sqlite+aiosqlite:///{tmp_path / 'direct.db'}")  # not migrated on purpose
    async with direct.write() as connection:
        await connection.run_sync(metadata.create_all)

    async def indexes(of: Database) -> set[tuple[str, str]]:
        query = text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        async with of.read() as connection:
            return {(row.name, " ".join(row.sql.split())) for row in await connection.execute(query)}

    try:
        assert await indexes(database) == await indexes(direct)
        assert len([name for name, _ in await indexes(direct) if name.startswith("uq_jobs_flight")]) == 2
    finally:
        await direct.close()


async def test_migrating_again_and_at_the_same_time_changes_nothing(tmp_path: Path) -> None:
    newest = ScriptDirectory(str(Path(upgrade.__file__).parent / "migrations")).get_current_head()
    for round_ in range(10):
        databases = [Database(f"sqlite+aiosqlite:///{tmp_path / str(round_) / 'y.db'}") for _ in range(6)]
        try:
            failures = await asyncio.gather(*(database.migrate() for database in databases), return_exceptions=True)
            assert failures == [None] * 6
            async with databases[0].read() as connection:
                assert await connection.scalar(text("SELECT count(*) FROM cache_generation")) == 1
                assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == newest == upgrade.newest()
        finally:
            for database in databases:
                await database.close()


async def test_the_clock_is_epoch_milliseconds(database: Database) -> None:
    before = time.time() * 1000
    async with database.read() as connection:
        now = await connection.scalar(select(now_ms()))
    assert isinstance(now, int)
    assert before - 2 <= now <= time.time() * 1000 + 2
    assert "clock_timestamp()" in str(select(now_ms()).compile(dialect=PGDialect_asyncpg()))  # type: ignore[no-untyped-call]


async def test_an_exception_rolls_back(database: Database) -> None:
    async def write_and_break() -> None:
        async with database.write() as connection:
            await connection.execute(text("UPDATE cache_generation SET number = 7"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_and_break()
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT number FROM cache_generation")) == 0


async def test_a_reader_sees_one_snapshot(database: Database) -> None:
    async with database.read() as reader:
        query = text("SELECT number FROM cache_generation")
        assert await reader.scalar(query) == 0
        async with database.write() as writer:
            await writer.execute(text("UPDATE cache_generation SET number = 1"))
        assert await reader.scalar(query) == 0
    async with database.read() as reader:
        assert await reader.scalar(query) == 1


async def test_no_update_is_lost(tmp_path: Path) -> None:
    """Read, then write, in many tasks of two programs: BEGIN IMMEDIATE makes each see the other's last word."""
    databases = [Database(f"sqlite+aiosqlite:///{tmp_path / 'z.db'}") for _ in range(2)]
    await databases[0].migrate()

    async def raise_number(database: Database) -> None:
        async with database.write() as connection:
            number = await connection.scalar(text("SELECT number FROM cache_generation"))
            await connection.execute(text("UPDATE cache_generation SET number = :n"), {"n": (number or 0) + 1})

    await asyncio.gather(*(raise_number(databases[n % 2]) for n in range(100)))
    async with databases[0].read() as connection:
        assert await connection.scalar(text("SELECT number FROM cache_generation")) == 100
    for database in databases:
        await database.close()


async def test_cancelled_tasks_leave_the_database_usable(database: Database) -> None:
    """A client that leaves may cancel a transaction at any await; no lock and no connection may stay behind."""

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(text("UPDATE cache_generation SET number = number + 1"))

    for round_ in range(40):
        tasks = [asyncio.create_task(write()) for _ in range(3)]
        await asyncio.wait(tasks, timeout=round_ * 0.0002)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        failures = [task.exception() for task in tasks if not task.cancelled() and task.exception()]
        assert failures == []
    async with asyncio.timeout(10):
        await asyncio.gather(*(write() for _ in range(10)))


async def test_a_cancelled_transaction_ends_though_its_traceback_lives(database: Database) -> None:
    """Its half-read statement lives on in there; the writer's lock must not."""

    async def read_then_wait(round_: int) -> None:
        async with database.write() as connection:
            for _ in range(round_ % 7):
                await connection.execute(text("UPDATE cache_generation SET number = number + 1"))
                await connection.execute(text("SELECT number FROM cache_generation UNION ALL SELECT 1"))

    kept = []
    for round_ in range(150):
        task = asyncio.create_task(read_then_wait(round_))
        for _ in range(round_ % 31):
            await asyncio.sleep(0)
        await asyncio.wait({task}, timeout=(round_ % 11) * 0.0003)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as cancelled:
            kept.append(cancelled)
        async with asyncio.timeout(5), database.write() as connection:
            await connection.execute(text("UPDATE cache_generation SET number = number + 1"))
    assert len(kept) > 20


async def test_foreign_keys_are_enforced(database: Database) -> None:
    def names(connection: Connection) -> list[str]:
        return inspect(connection).get_table_names()

    async with database.read() as connection:
        assert set(metadata.tables) <= set(await connection.run_sync(names))

    async def write_an_orphan() -> None:
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO job_originals (job_id, path, account) VALUES ('none', '/a', 'W142hJk')"))

    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        await write_an_orphan()


def test_programs_that_create_the_file_at_the_same_time_wait_for_each_other(tmp_path: Path) -> None:
    """Without a lock about one in sixty of these switches to WAL fails with 'database is locked', whatever the time-out."""
    starts = threading.Barrier(6)
    failures: list[BaseException] = []

    def create(round_: int) -> None:
        starts.wait()
        try:
            _create_sqlite(tmp_path / str(round_) / "x.db")
        except sqlite3.OperationalError as error:
            failures.append(error)

    for round_ in range(80):
        threads = [threading.Thread(target=create, args=(round_,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
