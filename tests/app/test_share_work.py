"""The work on a share, by a real engine: what is brought, and what is taken away again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from app.files.folders import Folders
from app.files.originals import Originals
from app.files.probes import Probes
from app.jobs.job import Job, Priority
from app.jobs.shares import Share, Shares
from app.jobs.streams import Streams
from app.jobs.tables import shares as rows
from app.live.signals import LiveSignals
from app.produce import Workshop, prepare, spec_of
from app.sharing import LEASE_SECONDS, Divided, Sharing
from app.signing.sealing import Sealing
from storage.db import Database
from storage.disk import DiskStore
from tests import tones
from tests.app.jobs.conftest import Queue, database, open_queue, queue
from tests.service import ACCOUNT
from transforms.engine.pool import Engine
from transforms.engine.sandbox import EngineLimits
from transforms.limits import PlanLimits
from transforms.ranges import ranges

__all__ = ["database", "open_queue", "queue"]

ANOTHER = "another"
SECONDS = 40
RATE_HZ = 44_100


@dataclass
class Encode:
    """A job of two ranges that its owner has divided."""

    queue: Queue
    shop: Workshop
    sharing: Sharing
    job: Job
    owner: Divided

    async def taken(self) -> Share:
        share = await self.sharing.shares.take(ANOTHER, self.sharing.declined)
        assert share is not None
        return share

    async def lose(self, share: Share) -> None:
        """Whoever took it has been silent, and the owner has it back."""
        async with self.queue.database.write() as connection:
            await connection.execute(update(rows).where(rows.c.number == share.number).values(lease_until_ms=0))
        assert await self.owner.take(0) == share.number

    async def replace(self, pcm: tones.Pcm) -> None:
        """Other bytes, as a file of the library or of a server changes: nobody says so."""
        await put(self.shop.originals, self.shop.scratch_dir, pcm)

    async def parts(self) -> int:
        return len([found async for found in self.shop.store.list("artifacts/") if "/parts/" in found.key])


async def put(originals: Originals, folder: Path, pcm: tones.Pcm) -> None:
    await originals.put(ACCOUNT, "/song.flac", tones.write(folder / "sound.flac", pcm, RATE_HZ))


async def workshop(resources: AsyncExitStack, database: Database, folder: Path) -> Workshop:
    store = DiskStore(folder / "objects")
    resources.callback(store.close)
    originals, folders = Originals(store, None), Folders(database, Sealing(bytes(32)))
    await put(originals, folder, tones.chirp(SECONDS, RATE_HZ))
    engine = await resources.enter_async_context(Engine(EngineLimits(), workers=1, reserved=0))
    return Workshop(
        store=store,
        folders=folders,
        originals=originals,
        streams=Streams(database),
        signals=LiveSignals(Queue(database, folder).wakeups),
        probes=Probes(engine, originals, folders, folder),
        engine=engine,
        limits=PlanLimits(),
        scratch_dir=folder,
        cores=2,
        timeout_seconds=60,
    )


@asynccontextmanager
async def divided(queue: Queue, folder: Path) -> AsyncIterator[Encode]:
    async with AsyncExitStack() as resources:
        shop = await workshop(resources, queue.database, folder)
        sharing = Sharing(Shares(queue.database, queue.wakeups, LEASE_SECONDS), queue.wakeups)
        await queue.submit(priority=Priority.WAITED_FOR)
        job = await queue.claim()
        async with prepare(shop, job.account, spec_of(job)) as prepared:
            pieces = ranges(prepared.plan, 2)
            assert len(pieces) == 2
            yield Encode(queue, shop, sharing, job, await sharing.divide(shop, job, folder, (prepared.fingerprint, pieces)))


@pytest.fixture(params=["sqlite"])  # what differs on PostgreSQL is tested in jobs/test_shares.py
def database_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'soundpath.db'}"


async def test_what_was_brought_stays_when_another_range_is_lost(queue: Queue, tmp_path: Path) -> None:
    async with divided(queue, tmp_path) as encode:
        await encode.sharing.work(encode.shop, await encode.taken())
        assert await encode.parts() == 1
        lost = await encode.taken()
        await encode.lose(lost)
        await encode.sharing.work(encode.shop, lost)
        assert await encode.parts() == 1, "the one that the owner has made is taken away, the other one not"
        (brought,) = await encode.owner.brought()
        assert (tmp_path / brought.file).stat().st_size == brought.size_bytes
        assert await encode.parts() == 0


async def test_a_range_of_another_original_is_given_back_and_declined(queue: Queue, tmp_path: Path) -> None:
    async with divided(queue, tmp_path) as encode:
        share = await encode.taken()
        await encode.replace(tones.chirp(SECONDS, RATE_HZ)[::-1])
        await encode.sharing.work(encode.shop, share)
        assert await encode.parts() == 0, "a sound of the same length, and another one"
        assert await encode.sharing.help(encode.shop, ANOTHER) is None
        assert [await encode.owner.take(lane) for lane in (0, 1)] == [0, 1]


async def test_only_so_many_attempts_are_remembered(queue: Queue) -> None:
    sharing = Sharing(Shares(queue.database, queue.wakeups, LEASE_SECONDS), queue.wakeups)
    for number in range(1000):
        sharing.declined[str(number), 1] = None
    assert len(sharing.declined) < 100
