"""SQLite connections that leave no lock behind when a task is cancelled.

SQLAlchemy closes the connection of a cancelled task. SQLite keeps what is closed open behind the scenes for as long as one of its
statements lives, with its transaction and so with the one writer's lock; and what a cancelled task was reading lives on in its
traceback. Therefore a transaction is rolled back before its connection is closed.
"""

import asyncio
import sqlite3
from functools import partial
from typing import Any

import aiosqlite

_ROWS_AT_ONCE = 64  # aiosqlite's own default


class SteadyConnection(aiosqlite.Connection):
    """One connection and its thread, which does not keep the program alive. To be awaited, as what `aiosqlite.connect` gives."""

    def __init__(self, database: str, **options: Any) -> None:
        super().__init__(partial(self._open, database, **options), _ROWS_AT_ONCE)
        self._opened: sqlite3.Connection | None = None
        self._thread.daemon = True

    def _open(self, database: str, **options: Any) -> sqlite3.Connection:
        self._opened = sqlite3.connect(database, **options)
        return self._opened

    def _end(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            if opened.in_transaction:
                opened.rollback()
            opened.close()

    def stop(self) -> "asyncio.Future[Any] | None":
        """Behind everything that was asked before: roll back, close, and end the thread."""
        self._tx.put_nowait((None, self._end))
        return super().stop()

    async def close(self) -> None:
        """The same, waited for."""
        if self._connection is not None:
            stopped = self.stop()
            if stopped is not None:
                await stopped
