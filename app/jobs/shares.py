"""Ranges of one encode that programs of other machines may take while its owner is at the others.

A share is a row. Whoever writes his name into it encodes it: the owner for good, another one for a lease, after which the owner may have it
back. Only shares of a running attempt are given out or taken back, so what an earlier attempt laid out is nobody's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.jobs.job import Job, Status
from app.jobs.rows import job_where
from app.jobs.tables import jobs, shares
from app.jobs.wakeups import Wakeups
from storage.db import Database, now_ms, take_turn
from transforms.engine.messages import Part, Span

Spans = tuple[Span, ...]

_SPANS: Final[TypeAdapter[Spans]] = TypeAdapter(Spans)
_PARTS: Final[TypeAdapter[tuple[Part, ...]]] = TypeAdapter(tuple[Part, ...])


@dataclass(frozen=True, slots=True)
class Share:
    """One range of a job's attempt, taken by `taker`. `plan`: the fingerprint of what its spans are counted in, and of its originals."""

    job: Job
    number: int
    spans: Spans
    plan: str
    taker: str


@dataclass(frozen=True, slots=True)
class Brought:
    """What another program made of a share; its files are in the store."""

    number: int
    taker: str
    parts: tuple[Part, ...]


class Shares:
    """Laid out and brought together by a job's owner, taken by whoever has nothing else to do."""

    def __init__(self, database: Database, wakeups: Wakeups, lease_seconds: float) -> None:
        self._database = database
        self._wakeups = wakeups
        self._lease_ms = int(lease_seconds * 1000)

    async def lay_out(self, job: Job, plan: str, ranges: Sequence[Spans]) -> None:
        """Offer the ranges of this attempt, and clear away what attempts before have left."""
        rows = [
            {"job_id": job.id, "attempt": job.attempt, "number": number, "spans": _SPANS.dump_python(spans, mode="json"), "plan": plan}
            for number, spans in enumerate(ranges)
        ]
        async with self._database.write() as connection:
            await take_turn(connection, "shares")  # `clear` may delete the same rows in another order
            await connection.execute(delete(shares).where(or_(shares.c.job_id == job.id, ~_is_running)))
            await connection.execute(insert(shares), rows)
        self._wakeups.queue_changed()

    async def take_back(self, job: Job, wanted: int, held: Collection[int]) -> int | None:
        """A range for the owner itself, `wanted` or the next one behind it if it can be had. `held`: those it knows to have."""
        mine = and_(shares.c.taker == job.owner, shares.c.number.not_in(held))  # the answer to an earlier call was lost
        free = or_(shares.c.taker.is_(None), mine, and_(shares.c.parts.is_(None), shares.c.lease_until_ms < now_ms()))
        first = select(shares.c.number).where(_of(job), free).order_by((shares.c.number >= wanted).desc(), shares.c.number)
        number = first.limit(1).with_for_update(skip_locked=True).correlate(None).scalar_subquery()
        async with self._database.write() as connection:
            taken = update(shares).where(_of(job), shares.c.number == number).returning(shares.c.number)
            found: int | None = await connection.scalar(taken.values(taker=job.owner, lease_until_ms=None, parts=None))
            return found

    async def awaited(self, job: Job) -> int:
        """How many ranges are not made yet and not the owner's: others are at them, or have just given them back."""
        elsewhere = and_(shares.c.parts.is_(None), shares.c.taker.is_distinct_from(job.owner))
        query = select(func.count()).select_from(shares).where(_of(job), elsewhere)
        async with self._database.read() as connection:
            return await connection.scalar(query) or 0

    async def brought(self, job: Job) -> list[Brought]:
        """What others have made, in order."""
        query = select(shares).where(_of(job), shares.c.parts.is_not(None)).order_by(shares.c.number)
        async with self._database.read() as connection:
            return [Brought(row.number, row.taker, _PARTS.validate_python(row.parts)) for row in await connection.execute(query)]

    async def clear(self, job: Job) -> None:
        """The attempt needs its shares no more."""
        async with self._database.write() as connection:
            await take_turn(connection, "shares")
            await connection.execute(delete(shares).where(_of(job)))

    async def take(self, taker: str, declined: Collection[tuple[str, int]]) -> Share | None:
        """Somebody else's range, from the end of the oldest job that has some left. `declined`: job ids and attempts it cannot work."""
        offered = [shares.c.taker.is_(None), _is_running]
        offered += [or_(shares.c.job_id != job_id, shares.c.attempt != attempt) for job_id, attempt in declined]
        query = select(shares).where(*offered).order_by(shares.c.job_id, shares.c.number.desc()).limit(1)
        async with self._database.read() as connection:
            if (await connection.execute(query)).first() is None:
                return None
        async with self._database.write() as connection:
            row = (await connection.execute(query.with_for_update(skip_locked=True))).first()
            job = None if row is None else await job_where(connection, jobs.c.id == row.job_id, jobs.c.attempt == row.attempt)
            if row is None or job is None:
                return None
            share = Share(job, row.number, _SPANS.validate_python(row.spans), row.plan, taker)
            return share if await self._keep(connection, share, taker=taker) else None

    async def beat(self, share: Share) -> bool:
        """Keep a taken share. False: it is not ours any more."""
        async with self._database.write() as connection:
            return await self._keep(connection, share, held=True)

    async def bring(self, share: Share, parts: tuple[Part, ...]) -> bool:
        """The parts are in the store. False: nobody wants them any more."""
        async with self._database.write() as connection:
            wanted = await self._keep(connection, share, held=True, parts=_PARTS.dump_python(parts, mode="json"))
        self._wakeups.job_changed(share.job.id)
        return wanted

    async def give_back(self, share: Share) -> None:
        """Let somebody else have it."""
        async with self._database.write() as connection:
            await connection.execute(update(shares).where(_is(share), _is_held(share)).values(taker=None, lease_until_ms=None))
        self._wakeups.job_changed(share.job.id)

    async def _keep(self, connection: AsyncConnection, share: Share, held: bool = False, **values: Any) -> bool:
        conditions = (_is(share), _is_running, *([_is_held(share)] if held else []))
        kept = await connection.execute(update(shares).where(*conditions).values(lease_until_ms=now_ms() + self._lease_ms, **values))
        return bool(kept.rowcount)


_is_running: Final = exists().where(jobs.c.id == shares.c.job_id, jobs.c.attempt == shares.c.attempt, jobs.c.status == Status.RUNNING)


def _of(job: Job) -> ColumnElement[bool]:
    return and_(shares.c.job_id == job.id, shares.c.attempt == job.attempt)


def _is(share: Share) -> ColumnElement[bool]:
    return and_(_of(share.job), shares.c.number == share.number)


def _is_held(share: Share) -> ColumnElement[bool]:
    return shares.c.taker == share.taker
