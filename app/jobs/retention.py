"""What stays and for how long: resets, the order of eviction, and which bytes are to be deleted from the store.

A retired row answers no request any more; its bytes are deleted afterwards (`purgeable`, then `purged`), so that a crash between
the two leaves work to be done and not garbage.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from cachetools import LRUCache
from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import describe
from app.jobs.errors import SourceChanged
from app.jobs.job import Keep, Status
from app.jobs.layout import job_prefix
from app.jobs.rows import write_failure
from app.jobs.tables import cache_generation, is_cached, is_unkept, job_originals, jobs
from app.jobs.transitions import change_many, end, requeue, running_rows
from app.jobs.wakeups import Wakeups
from storage.db import Database, now_ms
from transforms.spec import REAL_TIME_FAMILY

UNKEPT_MS = 3_600_000  # CONTRACT 5: the bytes of a cache=false run go after 1 hour
TOUCH_STEP_MS = 3_600_000
DAY_UNUSED_MS = 24 * 3_600_000 + TOUCH_STEP_MS  # `last_used_ms` is right to one step: never too early
TOUCHED_AT_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A cached variant as eviction sees it."""

    job_id: str
    account: str
    path: str
    size_bytes: int
    last_used_ms: int


@dataclass(frozen=True, slots=True)
class CacheTotals:
    """What the cache holds. `retired_bytes` answer no request any more and wait to be deleted."""

    variants: int
    size_bytes: int
    retired_bytes: int


@dataclass(frozen=True, slots=True)
class Purge:
    """Bytes to delete: everything under the store prefix."""

    job_id: str
    prefix: str


class Retention:
    """Resets and eviction. `generation` is the number under which copies in memory are fresh: read it before reading the job."""

    def __init__(self, database: Database, wakeups: Wakeups) -> None:
        self._database = database
        self._wakeups = wakeups
        self._touched: LRUCache[str, float] = LRUCache(TOUCHED_AT_MOST)
        self.generation = 0
        self._heard = time.monotonic()

    @property
    def unheard_seconds(self) -> float:
        """How long ago this program last knew the generation for sure."""
        return time.monotonic() - self._heard

    async def refresh_generation(self) -> None:
        """Learn of resets by other processes."""
        asked = time.monotonic()
        async with self._database.read() as connection:
            number = await _generation(connection)
        self._learn(number)
        self._heard = asked

    async def retire_path(self, account: str, path: str) -> int:
        """Reset every variant made from this original, appended ones too; returns how many jobs are concerned."""
        if not await self._is_read(account, path):
            return 0  # a new file: nothing that is in memory is stale
        return await self._reset(account, job_originals.c.path == path)

    async def retire_prefix(self, account: str, prefix: str) -> int:
        """Reset every variant made from an original whose path begins with `prefix`."""
        return await self._reset(account, func.substr(job_originals.c.path, 1, len(prefix)) == prefix)

    async def retire_jobs(self, job_ids: Sequence[str]) -> int:
        """Drop these cached variants (eviction)."""
        async with self._database.write() as connection:
            await change_many(connection)
            count = await _retire(connection, jobs.c.id.in_(job_ids))
            number = await _raise_generation(connection)
        self._learn(number)
        return count

    async def purgeable(self, limit: int = 100) -> list[Purge]:
        """Jobs whose bytes are to be deleted, oldest first."""
        query = (
            select(jobs.c.id, jobs.c.account, jobs.c.path)
            .where(jobs.c.purge_due_ms <= now_ms())
            .order_by(jobs.c.purge_due_ms, jobs.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [Purge(row.id, job_prefix(row.account, row.path, row.id)) for row in await connection.execute(query)]

    async def purged(self, job_ids: Sequence[str]) -> None:
        """Their bytes are deleted."""
        async with self._database.write() as connection:
            await change_many(connection)
            await connection.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(purge_due_ms=None, size_bytes=0))

    async def put_off(self, job_id: str, seconds: int) -> None:
        """Its bytes cannot be deleted now."""
        async with self._database.write() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job_id).values(purge_due_ms=now_ms() + seconds * 1000))

    async def touch(self, job_id: str) -> None:
        """The variant was asked for. Written at most once an hour per job."""
        now = time.monotonic() * 1000
        if now - self._touched.get(job_id, -TOUCH_STEP_MS) < TOUCH_STEP_MS:
            return
        self._touched[job_id] = now  # at once: while the database is away not every hit shall wait for it
        stale = and_(jobs.c.id == job_id, is_cached, jobs.c.last_used_ms < now_ms() - TOUCH_STEP_MS)
        async with self._database.read() as connection:
            if await connection.scalar(select(jobs.c.id).where(stale)) is None:
                return
        async with self._database.write() as connection:
            await connection.execute(update(jobs).where(stale).values(last_used_ms=now_ms()))

    async def keep_permanently(self, job_id: str) -> None:
        """A request without `cache_perm=false` asked for a variant that was to go when unused: it stays from now on."""
        temporary = and_(jobs.c.id == job_id, jobs.c.keep == Keep.DAY_UNUSED)
        async with self._database.write() as connection:
            await connection.execute(update(jobs).where(temporary).values(keep=Keep.PERMANENT))

    async def least_recently_used(self, limit: int) -> list[Kept]:
        """Cached variants, those first that nobody has asked for the longest."""
        return await self._kept(is_cached, limit)

    async def expired(self, limit: int = 100) -> list[Kept]:
        """Cached variants whose `keep` rule has run out."""
        unkept = and_(is_unkept, jobs.c.ended_ms < now_ms() - UNKEPT_MS)
        unused = and_(jobs.c.keep == Keep.DAY_UNUSED, jobs.c.last_used_ms < now_ms() - DAY_UNUSED_MS)
        return await self._kept(and_(is_cached, or_(unkept, unused)), limit)

    async def totals(self) -> CacheTotals:
        """How many variants are cached, their bytes, and those that wait for deletion."""
        size = func.sum(jobs.c.size_bytes)
        figures = (func.count().filter(is_cached), size.filter(is_cached), size.filter(not_(is_cached)))
        async with self._database.read() as connection:
            row = (await connection.execute(select(*figures).where(jobs.c.size_bytes > 0))).one()
        return CacheTotals(row[0], int(row[1] or 0), int(row[2] or 0))

    async def _kept(self, condition: ColumnElement[bool], limit: int) -> list[Kept]:
        columns = (jobs.c.id, jobs.c.account, jobs.c.path, jobs.c.size_bytes, jobs.c.last_used_ms)
        query = select(*columns).where(condition).order_by(jobs.c.last_used_ms, jobs.c.id).limit(limit)
        async with self._database.read() as connection:
            return [Kept(*row) for row in await connection.execute(query)]

    async def _reset(self, account: str, which: ColumnElement[bool]) -> int:
        reads_it = exists().where(job_originals.c.job_id == jobs.c.id, job_originals.c.account == account, which)
        async with self._database.write() as connection:
            await change_many(connection)
            retired = await _retire(connection, reads_it)
            ended = await _give_up(connection, reads_it)
            restarted = await _restart(connection, reads_it)
            number = await _raise_generation(connection)
        self._learn(number)
        for job_id in (*ended, *restarted):
            self._wakeups.job_changed(job_id)
        self._wakeups.queue_changed()
        return retired + len(ended) + len(restarted)

    async def _is_read(self, account: str, path: str) -> bool:
        async with self._database.read() as connection:
            query = select(job_originals.c.job_id).where(job_originals.c.account == account, job_originals.c.path == path).limit(1)
            return await connection.scalar(query) is not None

    def _learn(self, number: int) -> None:
        """Only after the commit: who reads a row under the new number must find it retired. And never backwards."""
        self.generation = max(self.generation, number)


async def _give_up(connection: AsyncConnection, reads_it: ColumnElement[bool]) -> Sequence[str]:
    """Encodes that players listen to already end half-way: begun again they would go on in the middle of another sound."""
    listed = and_(jobs.c.stream.is_not(None), jobs.c.format.in_(REAL_TIME_FAMILY))
    public = describe(SourceChanged())
    rows = await running_rows(connection, jobs.c.status == Status.RUNNING, listed, reads_it)
    for row in rows:
        await end(connection, row["id"], Status.FAILED, failure=write_failure(public.code, public.message, final=False))
    return [row["id"] for row in rows]


async def _restart(connection: AsyncConnection, reads_it: ColumnElement[bool]) -> Sequence[str]:
    """Other jobs that are reading the old bytes now begin again; their owner's next word is refused, its claim is over."""
    rows = await running_rows(connection, jobs.c.status == Status.RUNNING, reads_it)
    for row in rows:
        await requeue(connection, row["id"], row["strikes"], 0)
    return [row["id"] for row in rows]


async def _retire(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    """Succeeded rows leave the cache, remembered failures are forgotten."""
    ended = jobs.c.status.in_([Status.SUCCEEDED, Status.FAILED])
    statement = update(jobs).where(ended, jobs.c.retired_ms.is_(None), which)
    return (await connection.execute(statement.values(retired_ms=now_ms(), purge_due_ms=now_ms()))).rowcount


async def _raise_generation(connection: AsyncConnection) -> int:
    await connection.execute(update(cache_generation).values(number=cache_generation.c.number + 1))
    return await _generation(connection)


async def _generation(connection: AsyncConnection) -> int:
    return int(await connection.scalar(select(cache_generation.c.number)) or 0)
