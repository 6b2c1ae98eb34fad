"""Where everything is kept, by the settings: SQLite or PostgreSQL, the local disk or an object store, and who tells whom what changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from app.jobs.layout import ROOT as ARTIFACTS
from app.jobs.owners import Owner
from app.jobs.relay import RelayedWakeups
from app.jobs.wakeups import Wakeups
from app.live.relay import RelayedSignals
from app.live.signals import LiveSignals
from app.settings import Settings
from storage.channel import Channel
from storage.db import Database
from storage.disk import DiskStore
from storage.neighbours import Neighbours
from storage.store import Store

Presign = Callable[[str, int, str | None], Awaitable[str]]


class _Marks(Protocol):
    """Where programs are known to live, besides this machine."""

    def hold(self, mark: str) -> None:
        """Be known under this name."""


@dataclass(frozen=True, slots=True)
class Backends:
    """Adapters behind their ports. `marks` is None on one machine. `presign` gives an object's address in a store that clients may read
    themselves, for so many seconds and with this Content-Disposition; None where they may not."""

    database: Database
    store: Store
    wakeups: Wakeups
    signals: LiveSignals
    marks: _Marks | None = None
    presign: Presign | None = None

    def mark(self, owner: Owner) -> None:
        """Let other machines know that this owner lives, for as long as this program does."""
        if self.marks is not None:
            self.marks.hold(owner.id)


@asynccontextmanager
async def open_backends(settings: Settings) -> AsyncIterator[Backends]:
    """The adapters that the settings name, the database with its tables."""
    async with AsyncExitStack() as resources:
        store, presign = _open_store(settings, resources)
        database = Database(settings.sql_url)
        resources.push_async_callback(database.close)
        await database.migrate()
        if database.is_sqlite:
            with _near(settings) as (wakeups, signals):
                yield Backends(database, store, wakeups, signals, None, presign)
            return
        relayed = RelayedWakeups()
        signals = RelayedSignals(relayed)
        channel = await resources.enter_async_context(_connected(settings, relayed, signals))
        yield Backends(database, store, relayed, signals, channel, presign)


@contextmanager
def _near(settings: Settings) -> Iterator[tuple[RelayedWakeups, RelayedSignals]]:
    """Wakeups and signals among the programs of this machine."""
    wakeups = RelayedWakeups()
    signals = RelayedSignals(wakeups)
    neighbours = Neighbours(settings.data_dir.resolve() / "ears", _both(wakeups, signals))
    wakeups.tell = neighbours.tell
    with neighbours.listening():
        yield wakeups, signals


def _both(wakeups: RelayedWakeups, signals: RelayedSignals) -> Callable[[str], None]:
    """Hears a word of another program for both; each knows its own."""

    def hear(word: str) -> None:
        wakeups.hear(word)
        signals.hear(word)

    return hear


def _open_store(settings: Settings, resources: AsyncExitStack) -> tuple[Store, Presign | None]:
    bucket = settings.bucket
    if bucket is None:
        disk = DiskStore(settings.objects_dir, settings.free_space_bytes)
        resources.callback(disk.close)
        return disk, None
    # Loaded where they are used: together they take longer to load than a small machine's whole service.
    from storage.cached import CachedStore
    from storage.s3 import Bucket, S3Store

    s3 = S3Store(Bucket(*bucket, settings.s3_endpoint_url), settings.local_dir / "s3", settings.free_space_bytes)
    resources.callback(s3.close)
    cached = CachedStore(s3, settings.local_dir, settings.local_cache_bytes, f"{ARTIFACTS}/")
    resources.callback(cached.close)
    return cached, s3.presigned_url


@asynccontextmanager
async def _connected(settings: Settings, wakeups: RelayedWakeups, signals: RelayedSignals) -> AsyncIterator[Channel]:
    """The channel to the other programs, for as long as the context lasts."""
    channel = Channel(settings.sql_url, _both(wakeups, signals), wakeups.missed)
    wakeups.tell = channel.tell
    speaking = asyncio.create_task(channel.run())
    try:
        yield channel
    finally:
        speaking.cancel()
        with suppress(asyncio.CancelledError):
            await speaking
