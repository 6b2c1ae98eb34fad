"""A Store in front of another: objects that are borrowed stay on the local disk, the least recently used go first.

What lies here can be lost at any time. diskcache keeps the books; it is opened by `open_cache` only, which takes nothing but files under
plain names: whatever else it could store it would pickle, and run when read (CVE-2025-69872).
"""

import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, Protocol, runtime_checkable

import diskcache
from cachetools import LRUCache
from diskcache.core import MODE_BINARY

from storage.aside import Aside
from storage.blocking import off_loop, to_its_end
from storage.errors import ObjectMissing
from storage.spool import Origin, Spool
from storage.spools import Spools
from storage.store import ObjectStat, Store

LARGEST_SHARE: Final = 8  # an object that would take more than one eighth of the cache is not worth what it drives out
REMEMBERED: Final = 20_000  # facts of objects, half a KiB each: segments are served without a question, and while the store is away
BUSY_SECONDS: Final = 5.0
STORED: Final = "store:"  # what is fetched from the inner store, among everything that is spooled

_BROKEN: Final = (diskcache.Timeout, sqlite3.Error, OSError)
"""What a cache may fail with: the object is fetched as if it were not there."""


class PlainFilesOnly(diskcache.Disk):
    """Keys are text, values are files."""

    def put(self, key: object) -> tuple[str, bool]:
        """A key as it is stored."""
        if type(key) is not str:
            raise TypeError("keys of this cache are text")
        return key, True

    def get(self, key: object, raw: bool) -> str:
        """A stored key."""
        if type(key) is not str or not raw:
            raise TypeError("a key of this cache that is not text")
        return key

    def store(self, value: BinaryIO, read: bool, key: Any = diskcache.UNKNOWN) -> tuple[int, int, str | None, bytes | None]:
        """Write an open file beside the others."""
        if not read:
            raise TypeError("values of this cache are files")
        stored: tuple[int, int, str | None, bytes | None] = super().store(value, read, key)  # type: ignore[no-untyped-call]
        return stored

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> BinaryIO:
        """A stored file, open."""
        if mode != MODE_BINARY or filename is None or value is not None or not read:
            raise TypeError("a value of this cache that is not a file")
        opened: BinaryIO = super().fetch(mode, filename, value, read)  # type: ignore[no-untyped-call]
        return opened


def open_cache(folder: Path, limit_bytes: int) -> diskcache.Cache:
    """The books of a folder, checked and mended; a folder that cannot be mended begins anew. Blocks."""
    try:
        return _open_cache(folder, limit_bytes)
    except _BROKEN:
        shutil.rmtree(folder, ignore_errors=True)
        return _open_cache(folder, limit_bytes)


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """Borrowed objects that were found here, and that were not."""

    hits: int = 0
    misses: int = 0
    hit_bytes: int = 0
    miss_bytes: int = 0


@runtime_checkable
class FarStore(Protocol):
    """A store whose objects are fetched in parts."""

    def read_version(self, stat: ObjectStat, start: int, end: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The bytes [start, end) of the very object that `stat` is about; raises ObjectChanged and ObjectMissing."""


class CachedStore:
    """`inner` with a local copy of what is borrowed. Keys that begin with `immutable` never change their bytes: they need no question."""

    def __init__(self, inner: Store, folder: Path, limit_bytes: int, immutable: str) -> None:
        self._inner = inner
        self._cache = open_cache(folder / "kept", limit_bytes)
        self._lent = Aside(folder / "lent")
        self._largest_bytes = limit_bytes // LARGEST_SHARE
        self._immutable = immutable
        self._facts: LRUCache[str, ObjectStat] = LRUCache(REMEMBERED)
        self.figures = CacheFigures()

    def close(self) -> None:
        """Close the books; what is kept stays. The inner store is its owner's to close."""
        self._cache.close()
        self._lent.close()

    async def stat(self, key: str) -> ObjectStat | None:
        """The object's facts, or None when there is none. Those of one that never changes are asked for once."""
        if key in self._facts:
            return self._facts[key]
        stat = await self._inner.stat(key)
        # Some S3 servers show an object as empty while it arrives: what may still change is not remembered.
        if stat is not None and stat.size_bytes and key.startswith(self._immutable):
            self._facts[key] = stat
        return stat

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) in pieces; raises ObjectMissing."""
        async for piece in self._inner.read(key, start, end):
            yield piece

    async def put_file(self, key: str, path: Path) -> ObjectStat:
        """Publish a local file under the key; the local file is consumed."""
        self._facts.pop(key, None)
        return await self._inner.put_file(key, path)

    async def list(self, prefix: str) -> AsyncIterator[ObjectStat]:
        """Objects whose key starts with `prefix`, in key order."""
        async for found in self._inner.list(prefix):
            yield found

    async def delete(self, prefix: str) -> int:
        """Delete the object `prefix`, or everything under it. Copies elsewhere are asked for no more, and go when room is needed."""
        for key in [key for key in self._facts if key.startswith(prefix)] if prefix.endswith("/") else [prefix]:
            self._facts.pop(key, None)
        return await self._inner.delete(prefix)

    @asynccontextmanager
    async def borrow(self, key: str) -> AsyncIterator[Path]:
        """A local file with the object's bytes, valid while the context lasts; raises ObjectMissing."""
        name = await self._name(key)
        async with self._kept(name) as kept:
            if kept is not None:
                yield kept
                return
            async with self._inner.borrow(key) as path:
                # What has been replaced since the name was asked for is another version.
                await self._keep(name if name == await self._name(key) else None, path)
                yield path

    @asynccontextmanager
    async def borrow_early(self, key: str, spools: Spools) -> AsyncIterator[Path | Spool]:
        """What is kept, or a copy that arrives while it is read; raises ObjectMissing."""
        stat = await self._inner.stat(key)
        if stat is None:
            raise ObjectMissing(f"There is no object '{key}'.")
        async with self._kept(_versioned(stat)) as kept:
            if kept is not None:
                yield kept
                return
            async with self._arriving(stat, spools) as spool:
                yield spool

    @asynccontextmanager
    async def _arriving(self, stat: ObjectStat, spools: Spools) -> AsyncIterator[Spool]:
        """A copy of an object that is not kept; if it is whole in the end, it is."""
        far, name = self._inner, _versioned(stat)
        assert isinstance(far, FarStore)
        origin = Origin(stat.size_bytes, True, lambda start, end: far.read_version(stat, start, end))
        async with spools.borrow(f"{STORED}{name}", origin, PurePosixPath(stat.key).suffix) as spool:
            try:
                yield spool
            finally:
                if spool.is_complete:
                    await self._keep(name, spool.path)

    async def require_space(self, size_bytes: int) -> None:
        """Raise StoreFull when so many more bytes would eat into the reserve."""
        await self._inner.require_space(size_bytes)

    async def _name(self, key: str) -> str | None:
        """What the object is called here: its version is in it where there can be more than one. None: not there, or nobody knows."""
        if key.startswith(self._immutable):
            return key
        stat = await self._inner.stat(key)
        return None if stat is None else _versioned(stat)

    @asynccontextmanager
    async def _kept(self, name: str | None) -> AsyncIterator[Path | None]:
        """A link to what is kept, as long as the context lasts: it stays when others drive that out. None when nothing is kept."""
        path = self._lent.new()
        try:
            size_bytes = None if name is None else await to_its_end(off_loop(self._link, name, path))
            if size_bytes is not None:
                self.figures = replace(self.figures, hits=self.figures.hits + 1, hit_bytes=self.figures.hit_bytes + size_bytes)
            yield None if size_bytes is None else path
        finally:
            await off_loop(path.unlink, missing_ok=True)

    def _link(self, name: str, path: Path) -> int | None:
        """The size of what is kept; None when nothing is."""
        try:
            found = self._cache.get(name, read=True)
            if found is None:
                return None
            with found:
                os.link(found.name, path)
                return os.fstat(found.fileno()).st_size
        except _BROKEN:
            return None

    async def _keep(self, name: str | None, path: Path) -> None:
        """A miss: what was fetched for it stays here, unless it is too large, or nobody knows what to call it."""
        size_bytes = (await off_loop(path.stat)).st_size
        self.figures = replace(self.figures, misses=self.figures.misses + 1, miss_bytes=self.figures.miss_bytes + size_bytes)
        if name is not None and size_bytes <= self._largest_bytes:
            await off_loop(self._copy, name, path)

    def _copy(self, name: str, path: Path) -> None:
        with suppress(*_BROKEN), path.open("rb") as file:
            if name not in self._cache:  # others who read the same copy may have kept it
                self._cache.set(name, file, read=True)


def _versioned(stat: ObjectStat) -> str:
    return f"{stat.key}\n{stat.etag}"


def _open_cache(folder: Path, limit_bytes: int) -> diskcache.Cache:
    cache = diskcache.Cache(
        str(folder), timeout=BUSY_SECONDS, disk=PlainFilesOnly, size_limit=limit_bytes, eviction_policy="least-recently-used"
    )
    try:
        cache.check(fix=True)
    except BaseException:
        cache.close()
        raise
    return cache
