"""The door to the database: one engine, read and write transactions, and what differs between SQLite and PostgreSQL.

SQLite: WAL, synchronous=FULL, one writer at a time (BEGIN IMMEDIATE), local disks only. PostgreSQL: many writers (READ COMMITTED), so
that whoever reads before he writes locks the rows, or takes turns (`take_turn`); its parts are in `storage.postgres`. Statements are
SQLAlchemy Core and portable. Times are epoch milliseconds by the database's clock (`now_ms`).
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, closing, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, BigInteger, Connection, Insert, MetaData, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.functions import FunctionElement

from storage import postgres
from storage.blocking import off_loop
from storage.local import require_local
from storage.steady import SteadyConnection
from storage.upgrade import upgrade

BUSY_TIMEOUT_MS = 30_000
CONNECTIONS = 8

# Every table of the house; the packages that own them define them. Names are given so that migrations can speak of constraints.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class now_ms(FunctionElement[int]):  # noqa: N801 (reads as an SQL function)
    """The database's clock in epoch milliseconds."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _now_sqlite(*_: Any, **__: Any) -> str:
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(now_ms, "postgresql")
def _now_postgresql(*_: Any, **__: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


def insert_new(connection: AsyncConnection, table: Table) -> Insert:
    """INSERT … ON CONFLICT DO NOTHING: a row that breaks a unique rule is left out, and rowcount tells."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


async def take_turn(connection: AsyncConnection, name: str) -> None:
    """One transaction at a time gets past this under one name. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        await postgres.take_turn(connection, name)


class Database:
    """One database, by URL (`sqlite+aiosqlite:////folder/file.db`, `postgresql://…`). Create and `close` it where the event loop runs.

    PostgreSQL away, or not there yet: every method raises StoreUnavailable, and connects anew when it is back.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._engine = self._open()
        # SQLite lets one connection write; the others of this program queue up here in order instead of asking again and again there.
        self._writer = asyncio.Lock() if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent snapshot to read from."""
        with self._translated():
            async with self._engine.connect() as connection:
                if not self.is_sqlite:
                    await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes: committed durably at the end, rolled back on any exception."""
        with self._translated():
            async with self._writer, self._engine.connect() as connection:
                await connection.execution_options(soundpath_writes=True)
                async with connection.begin():
                    yield connection

    async def migrate(self) -> None:
        """Create the database or bring its tables up to date, first of all; programs that start at the same time take turns."""
        if self.is_sqlite:
            await off_loop(_create_sqlite, _file(self._url))
            async with self.write() as connection:
                await connection.run_sync(upgrade)
            return
        with self._translated():
            engine = postgres.open_engine(self._url, unhurried=True)
            try:
                async with engine.begin() as connection:
                    await take_turn(connection, "migrate")
                    await connection.run_sync(upgrade)
            finally:
                await engine.dispose()

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    def _open(self) -> AsyncEngine:
        if not self.is_sqlite:
            return postgres.open_engine(self._url)
        require_local(_file(self._url).parent)
        engine = create_async_engine(self._url, pool_size=CONNECTIONS, max_overflow=0, connect_args={"async_creator_fn": SteadyConnection})
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine

    def _translated(self) -> AbstractContextManager[None]:
        return nullcontext() if self.is_sqlite else postgres.translated()


def _file(url: URL) -> Path:
    return Path(url.database or "")


def _create_sqlite(file: Path) -> None:
    """Turn the file to WAL, once and for all. That does not wait for others who do the same, whatever the time-out says: hence the lock."""
    file.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_MS / 1000)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    finally:
        os.close(folder)


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` says which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A transaction that reads first and then writes could not be upgraded while another one writes: take the lock at once."""
    writes = connection.get_execution_options().get("soundpath_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
