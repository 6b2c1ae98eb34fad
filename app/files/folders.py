"""Folder settings: who may read without a key, and where the files are. Inherited from the nearest folder above that says so."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from cachetools import LRUCache
from sqlalchemy import RowMapping, delete, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.files.layers import InternalLayer, Layer, read_layer
from app.files.tables import folders
from app.signing.sealing import Sealing
from storage.db import Database, insert_new, now_ms
from storage.errors import StoreUnavailable

FRESH_SECONDS: Final = 1.0  # a change by another process is seen this late at most
# While the database is away nobody can change anything, except where only this program is cut off from it: then for so long at most.
SERVED_UNHEARD_SECONDS: Final = 3600
PATIENCE_SECONDS: Final = 0.05  # so long a request waits for a look, while what is known is not LATE yet
LATE_SECONDS: Final = 5.0
REMEMBERED_ACCOUNTS: Final = 10_000
EVERYTHING: Final = ("*",)
CREDENTIALS: Final = "folder credentials"  # what they are sealed for

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that was created or given settings. `permissions` and `layer` as clients see them; None: inherited."""

    path: str
    description: str | None = None
    permissions: Sequence[Mapping[str, Any]] | None = None
    layer: Mapping[str, Any] | None = None
    credentials: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a file's bytes are: the layer, and the folder that says so ('/' where none does)."""

    folder_path: str
    layer: Layer
    credentials: str | None = field(default=None, repr=False)


class FolderTree:
    """All settings of one account at a moment."""

    def __init__(self, of_account: Sequence[Folder]) -> None:
        self.folders: Final = {folder.path: folder for folder in of_account}
        self.has_permissions: Final = any(folder.permissions is not None for folder in of_account)

    def permissions_of(self, folder_path: str) -> Folder | None:
        """The nearest folder, from this one upwards, that has public permissions."""
        return next((folder for folder in self._upwards(folder_path) if folder.permissions is not None), None)

    def layer_of(self, folder_path: str) -> Folder | None:
        """The nearest folder, from this one upwards, that has a storage layer."""
        return next((folder for folder in self._upwards(folder_path) if folder.layer is not None), None)

    def public_downloads(self, path: str) -> tuple[str, ...]:
        """What anybody may do with a file: patterns such as `*`, `raw`, `audio`; empty for a private one."""
        folder = self.permissions_of(parent_path(path))
        if folder is None or folder.permissions is None:
            return EVERYTHING
        scope = "Children" if parent_path(path) == folder.path else "Grandchildren+"
        return tuple(
            pattern for grant in folder.permissions if grant["scope"] == scope for pattern in grant["permissions"]["file"]["downloadFile"]
        )

    def place(self, path: str) -> Placed:
        """Where the file at `path` is."""
        folder = self.layer_of(parent_path(path)) if self.folders else None
        if folder is None or folder.layer is None:
            return Placed("/", InternalLayer())
        return Placed(folder.path, read_layer(folder.layer), folder.credentials)

    def _upwards(self, folder_path: str) -> Iterator[Folder]:
        for path in upwards(folder_path):
            if path in self.folders:
                yield self.folders[path]


class Folders:
    """Reads and writes folder settings; what is read on every request comes from memory."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing
        self._trees: LRUCache[str, tuple[float, FolderTree]] = LRUCache(REMEMBERED_ACCOUNTS)
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._away_until = 0.0
        self._changed_at = 0.0

    async def tree(self, account: str) -> FolderTree:
        """The account's settings, at most FRESH_SECONDS old; a little older when the database takes its time, and much older while it is
        away, so that what is finished stays served. Raises StoreUnavailable.
        """
        known = self._trees.get(account)
        if known is None:
            return await self._read(account)
        age_seconds = time.monotonic() - known[0]
        if age_seconds < FRESH_SECONDS:
            return known[1]
        if time.monotonic() >= self._away_until:
            await asyncio.wait({self._asked(account)}, timeout=PATIENCE_SECONDS if age_seconds < LATE_SECONDS else None)
        latest = self._trees.get(account)
        if latest is None:
            return await self._read(account)
        if time.monotonic() - latest[0] > SERVED_UNHEARD_SECONDS:
            raise StoreUnavailable("The database does not answer at the moment.")
        return latest[1]

    def _asked(self, account: str) -> "asyncio.Task[None]":
        """One look at the database, however many wait for it."""

        async def look() -> None:
            try:
                await self._read(account)
            except (StoreUnavailable, SQLAlchemyError) as error:
                self._away_until = time.monotonic() + FRESH_SECONDS
                log.warning("folder settings cannot be read", error=repr(error))
            finally:
                del self._asking[account]

        if account not in self._asking:
            self._asking[account] = asyncio.create_task(look())
        return self._asking[account]

    async def _read(self, account: str) -> FolderTree:
        read_at = time.monotonic()
        async with self._database.read() as connection:
            rows = (await connection.execute(select(folders).where(folders.c.account == account))).mappings()
            tree = FolderTree([_read_folder(row) for row in rows])
        if read_at > self._changed_at:
            self._trees[account] = (read_at, tree)
        return tree

    def _forget(self, account: str) -> None:
        """After a change: what is being read at this moment may be older."""
        self._changed_at = time.monotonic()
        self._trees.pop(account, None)

    async def put(self, account: str, path: str, changes: Mapping[str, Any], credentials: Mapping[str, str] | None = None) -> None:
        """Create the folder (and those above it) or change it. `changes`: columns to set; a new layer replaces the credentials too."""
        values = dict(changes)
        if "storage_layer" in values:
            values["credentials"] = None if credentials is None else self._sealing.seal(CREDENTIALS, json.dumps(dict(credentials)))
        async with self._database.write() as connection:
            for above in upwards(path):
                if above != "/" or path == "/":
                    await connection.execute(insert_new(connection, folders).values(account=account, path=above, updated_ms=now_ms()))
            await _change(connection, account, path, values)
        self._forget(account)

    async def delete(self, account: str, path: str, *, recursive: bool) -> int:
        """Forget the settings of a folder, and of those below it; how many."""
        below = below_prefix(path)
        which = folders.c.path == path
        if recursive:
            which = or_(which, func.substr(folders.c.path, 1, len(below)) == below)
        async with self._database.write() as connection:
            gone = await connection.execute(delete(folders).where(folders.c.account == account, which))
        self._forget(account)
        return gone.rowcount

    async def copy_below(self, account: str, source: str, destination: str, *, recursive: bool) -> None:
        """Give the destination the settings of the source, folders below it included; credentials stay encrypted as they are."""
        known = (await self.tree(account)).folders.values()
        copied = [folder for folder in known if folder.path == source or (recursive and folder.path.startswith(below_prefix(source)))]
        async with self._database.write() as connection:
            for folder in copied:
                path = (destination.rstrip("/") + folder.path.removeprefix(source.rstrip("/"))) or "/"
                await connection.execute(insert_new(connection, folders).values(account=account, path=path, updated_ms=now_ms()))
                await _change(connection, account, path, _columns(folder))
        self._forget(account)


def parent_path(path: str) -> str:
    """The folder of a file or folder; '/' for those at the top."""
    return path.rpartition("/")[0] or "/"


def upwards(folder_path: str) -> Iterator[str]:
    """This folder and those above it, the root last."""
    while folder_path != "/":
        yield folder_path
        folder_path = parent_path(folder_path)
    yield "/"


def below_prefix(folder_path: str) -> str:
    """What the path of everything in a folder begins with."""
    return folder_path if folder_path.endswith("/") else folder_path + "/"


async def _change(connection: AsyncConnection, account: str, path: str, values: Mapping[str, Any]) -> None:
    mine = update(folders).where(folders.c.account == account, folders.c.path == path)
    await connection.execute(mine.values(updated_ms=now_ms(), **values))


def _columns(folder: Folder) -> dict[str, Any]:
    return {
        "description": folder.description,
        "public_permissions": folder.permissions,
        "storage_layer": folder.layer,
        "credentials": folder.credentials,
    }


def _read_folder(row: RowMapping) -> Folder:
    return Folder(row["path"], row["description"], row["public_permissions"], row["storage_layer"], row["credentials"])
