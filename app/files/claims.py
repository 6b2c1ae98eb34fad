"""Taking turns at a name across processes and machines: who publishes or deletes a file claims its path first, and the others wait.

A claim is a row; its holder renews it, and whoever dies with one loses it after LEASE_SECONDS.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, and_, delete, update
from sqlalchemy.exc import SQLAlchemyError
from ulid import ULID

from app.errors import Conflict
from app.files.tables import claims
from storage.blocking import to_its_end
from storage.db import Database, insert_new, now_ms
from storage.errors import StorageError

LEASE_SECONDS: Final = 30.0
RENEW_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 60.0  # longer than a lease: who waits outlives a dead holder


class Claims:
    """Claims of names in an account: paths of files, and names of our own that do not begin with '/'."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._here: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def held(self, account: str, name: str) -> AsyncIterator[None]:
        """Alone with the name while the context lasts; raises Conflict when another holder takes too long."""
        lock = self._here.setdefault((account, name), asyncio.Lock())
        token = str(ULID())
        async with lock:
            renewing = asyncio.ensure_future(self._renew(account, name, token))
            try:
                await self._take(account, name, token)
                yield
            finally:
                renewing.cancel()
                await to_its_end(self._drop(account, name, token))

    async def _take(self, account: str, name: str, token: str) -> None:
        patient_until = time.monotonic() + PATIENCE_SECONDS
        while not await self._try(account, name, token):
            if time.monotonic() > patient_until:
                raise Conflict("Somebody else is changing this file just now. Try again.")
            await asyncio.sleep(LOOK_SECONDS)

    async def _try(self, account: str, name: str, token: str) -> bool:
        mine = {"account": account, "name": name, "token": token}
        async with self._database.write() as connection:
            await connection.execute(delete(claims).where(_named(account, name), claims.c.until_ms <= now_ms()))
            row = insert_new(connection, claims).values(**mine, until_ms=now_ms() + int(LEASE_SECONDS * 1000))
            return bool((await connection.execute(row)).rowcount)

    async def _renew(self, account: str, name: str, token: str) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            ours = update(claims).where(_named(account, name), claims.c.token == token)
            with suppress(StorageError, SQLAlchemyError):  # the next one is in time
                async with self._database.write() as connection:
                    await connection.execute(ours.values(until_ms=now_ms() + int(LEASE_SECONDS * 1000)))

    async def _drop(self, account: str, name: str, token: str) -> None:
        """What cannot be dropped ends by itself."""
        with suppress(StorageError, SQLAlchemyError):
            async with self._database.write() as connection:
                await connection.execute(delete(claims).where(_named(account, name), claims.c.token == token))


def _named(account: str, name: str) -> ColumnElement[bool]:
    return and_(claims.c.account == account, claims.c.name == name)
