"""One encode on many machines: its owner lays out the ranges, programs that have nothing else to do take some, and their parts come back
through the store. What is joined in the end is what one machine would have made.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog
from cachetools import LRUCache

from app import metrics
from app.first_end import until_one_ends
from app.jobs.job import Job, Priority
from app.jobs.layout import parts_prefix
from app.jobs.outages import until_back
from app.jobs.shares import Brought, Share, Shares
from app.jobs.wakeups import Wakeups
from app.produce import Workshop, prepare, spec_of
from storage.blocking import off_loop, to_its_end
from storage.errors import StorageError
from storage.store import Store
from transforms.engine.messages import Encode, Part
from transforms.engine.run import Ranges

RECHECK_SECONDS: Final = 2.0  # the owner looks so often whether a share was given back
BEAT_SECONDS: Final = 2.0
LEASE_SECONDS: Final = 8.0  # of a share: less than a minute of sound, so this is not long
DECLINED_ATTEMPTS: Final = 64  # more than run at once; one that is forgotten costs another look at its original

log = structlog.get_logger()


class AnotherPlan(Exception):
    """This program would make something else of the job: another version of ours, or of the original."""


@dataclass(slots=True)
class Divided:
    """The owner's side of one attempt: `take` for its own lanes, `brought` when all is done."""

    shares: Shares
    store: Store
    wakeups: Wakeups
    job: Job
    scratch: Path
    next_of_lane: list[int]
    held: set[int] = field(default_factory=set)

    async def take(self, lane: int) -> int | None:
        """The next range for a lane; None when all have been made. Waits while others may give one back."""
        with self.wakeups.job_changes(self.job.id) as bell:
            while True:
                number = await until_back(lambda: self.shares.take_back(self.job, self.next_of_lane[lane], self.held))
                if number is not None:
                    self.held.add(number)
                    self.next_of_lane[lane] = number + 1
                    return number
                if not await until_back(lambda: self.shares.awaited(self.job)):
                    return None
                await bell.ring(RECHECK_SECONDS)

    async def brought(self) -> tuple[Part, ...]:
        """Parts that others made, in the scratch folder now."""
        found = await until_back(lambda: self.shares.brought(self.job))
        for one in found:
            for part in one.parts:
                await self._fetch(one, part)
        await until_back(lambda: self.shares.clear(self.job))
        with suppress(StorageError):  # they lie in the attempt's folder, and go with it
            await self.store.delete(parts_prefix(self.job))
        metrics.RANGES_SHARED.inc(len(found))
        return tuple(part for one in found for part in one.parts)

    async def _fetch(self, one: Brought, part: Part) -> None:
        with (self.scratch / part.file).open("wb") as file:
            async for piece in self.store.read(_key(self.job, one.taker, part)):
                await to_its_end(off_loop(file.write, piece))


@dataclass(slots=True)
class Sharing:
    """Both sides of it. `declined`: attempts that this program cannot help with."""

    shares: Shares
    wakeups: Wakeups
    declined: LRUCache[tuple[str, int], None] = field(default_factory=lambda: LRUCache(DECLINED_ATTEMPTS))

    async def divide(self, shop: Workshop, job: Job, scratch: Path, offer: tuple[str, Ranges]) -> Divided:
        """Lay out the ranges of a plan, which is known by its fingerprint."""
        plan, ranges = offer
        await self.shares.lay_out(job, plan, ranges)
        lanes = min(shop.cores, len(ranges))
        return Divided(self.shares, shop.store, self.wakeups, job, scratch, [len(ranges) * lane // lanes for lane in range(lanes)])

    async def help(self, shop: Workshop, taker: str) -> Callable[[], Awaitable[None]] | None:
        """Take a share of somebody else's job: the work on it, or None when there is none."""
        share = await self.shares.take(taker, self.declined)
        return None if share is None else partial(self.work, shop, share)

    async def work(self, shop: Workshop, share: Share) -> None:
        """Encode a share and bring it, or give it back."""
        work = asyncio.ensure_future(_encode(shop, share))
        heart = asyncio.ensure_future(self._beat(share))
        try:
            await until_one_ends(work, heart)
        finally:
            if work.cancelled():
                with suppress(StorageError):
                    await self.shares.give_back(share)
        if not work.cancelled():
            await self._ended(shop, share, work)

    async def _ended(self, shop: Workshop, share: Share, work: "asyncio.Future[tuple[Part, ...]]") -> None:
        error = work.exception()
        if error is not None:
            log.warning("share given back", job=share.job.id, attempt=share.job.attempt, number=share.number, error=repr(error))
            self.declined[share.job.id, share.job.attempt] = None
            await until_back(lambda: self.shares.give_back(share))
        elif not await until_back(lambda: self.shares.bring(share, work.result())):
            await _withdraw(shop.store, share, work.result())

    async def _beat(self, share: Share) -> None:
        """Until the share is not ours any more, or nobody can say so."""
        clock = asyncio.get_running_loop().time
        kept_at = clock()
        while clock() - kept_at < LEASE_SECONDS:
            await asyncio.sleep(BEAT_SECONDS)
            with suppress(StorageError):
                if not await self.shares.beat(share):
                    return
                kept_at = clock()


async def _encode(shop: Workshop, share: Share) -> tuple[Part, ...]:
    """Make the range's parts and put them into the store."""
    job = share.job
    shop = shop.asked_with(job.query)
    async with prepare(shop, job.account, spec_of(job)) as prepared:
        if prepared.fingerprint != share.plan:
            raise AnotherPlan
        with TemporaryDirectory(dir=shop.scratch_dir, prefix=f"{job.id}-{share.number}-") as scratch:
            task = Encode(prepared.plan, tuple(map(str, prepared.paths)), (share.spans,), scratch)
            background = job.priority is Priority.BACKGROUND
            parts = await shop.engine.encode(task, timeout_seconds=shop.timeout_seconds, background=background)
            for part in parts:
                await shop.store.put_file(_key(job, share.taker, part), Path(scratch, part.file))
            return parts


async def _withdraw(store: Store, share: Share, parts: tuple[Part, ...]) -> None:
    """Nobody wants these parts. One by one: those that this program has brought to the same attempt lie beside them."""
    with suppress(StorageError):
        for part in parts:
            await store.delete(_key(share.job, share.taker, part))


def _key(job: Job, taker: str, part: Part) -> str:
    """Where a part lies in the store until the owner has it."""
    return parts_prefix(job, taker) + part.file
