"""PostgreSQL behind the database door: how it is connected to, taken turns on, and which of its errors mean that it is away.

Connect directly, not through transaction pooling: statements are prepared, and `storage.channel` listens.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
from sqlalchemy import URL, event, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.errors import StoreFull, StoreUnavailable

CONNECTIONS: Final = 8  # of each program; PostgreSQL takes 100 of them as it comes
CONNECT_SECONDS: Final = 5.0
TRIED_AFTER_SECONDS: Final = 1.0
STATEMENT_SECONDS: Final = 15.0  # the longest takes milliseconds: whatever lasts longer is lost with its network

_DIALECT: Final = dialect()  # type: ignore[no-untyped-call]

_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it shuts down, starts, or an operator ended the session
    asyncpg.TooManyConnectionsError,
    asyncpg.CrashShutdownError,
    asyncpg.exceptions.InterfaceError,
    asyncpg.exceptions.InternalClientError,
    OSError,
    TimeoutError,
    EOFError,
)


def open_engine(url: URL, *, unhurried: bool = False) -> AsyncEngine:
    """A pool whose connections are tried before use unless they were used a moment ago, so that a restart of the database is noticed here
    and hardly ever by a request. That saves busy programs a question with every statement.

    `unhurried`: statements may last, as those that build an index do.
    """
    settings = {"application_name": "soundpath", "idle_in_transaction_session_timeout": "60s"}
    statement_seconds = None if unhurried else STATEMENT_SECONDS
    engine = create_async_engine(
        asyncpg_url(url),
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=STATEMENT_SECONDS,
        pool_use_lifo=True,
        connect_args={"timeout": CONNECT_SECONDS, "command_timeout": statement_seconds, "server_settings": settings},
    )
    event.listen(engine.sync_engine, "checkout", _try_out)
    event.listen(engine.sync_engine, "checkin", _note_use)
    return engine


def _note_use(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info["used_at"] = time.monotonic()


def _try_out(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
    """Whether a connection still lives; if not, none of the pool's does. One that was cut off in silence tells only when it is asked."""
    driver = connection.driver_connection
    if driver.is_closed():
        raise InvalidatePoolError
    if time.monotonic() - entry.info.get("used_at", time.monotonic()) <= TRIED_AFTER_SECONDS:
        return
    try:
        _DIALECT.do_ping(connection)  # type: ignore[no-untyped-call]
    except Exception as error:
        raise InvalidatePoolError from error


def asyncpg_url(url: URL) -> URL:
    """The URL as SQLAlchemy wants it: the driver named, and libpq's `sslmode` under the name that driver has for it."""
    query = {("ssl" if name == "sslmode" else name): value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


async def take_turn(connection: AsyncConnection, name: str) -> None:
    """Wait until no other transaction holds the turn of this name, and keep it until this one ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


@contextmanager
def translated() -> Iterator[None]:
    """A database that is away, restarts or is full, as errors of ours; everything else passes."""
    try:
        yield
    except DBAPIError as error:
        cause = _cause(error)
        if isinstance(cause, asyncpg.DiskFullError):
            raise StoreFull("The database's disk is full.") from error
        if error.connection_invalidated or isinstance(cause, _AWAY):
            raise StoreUnavailable("The database does not answer at the moment.") from error
        raise
    except (*_AWAY, PoolExhausted) as error:
        raise StoreUnavailable("The database does not answer at the moment.") from error


def _cause(error: DBAPIError) -> BaseException | None:
    """What the driver itself raised: SQLAlchemy wraps it twice."""
    return getattr(error.orig, "__cause__", None) or error.orig
