"""Deliveries: who is to be told that a job has ended, written so that no end is missed and none is told twice but after a crash."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from app.callbacks.tables import callback_deliveries as deliveries
from app.callbacks.tables import callback_subscriptions as subscriptions
from app.jobs.tables import jobs
from storage.db import Database, insert_new, now_ms, take_turn

AT_MOST_PER_JOB: Final = 8  # URLs that requests may add to one job: it is no way to have us call thousands
TRIES: Final = 4  # the first, and up to 3 more
BACKOFF_SECONDS: Final = (5, 30, 180)
CLAIM_SECONDS: Final = 20  # whoever holds a delivery longer than this is dead: a try takes 10 s
KEPT_MS: Final = 30 * 86_400_000


class State(StrEnum):
    """`Waiting` for the job's end, `Due`, and how it ended."""

    WAITING = "Waiting"
    DUE = "Due"
    DELIVERED = "Delivered"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery. `subscription` is empty for a URL that the job's own request named; `tries` have been begun."""

    id: str
    account: str
    job_id: str
    subscription: str
    url: str
    state: State
    tries: int
    last_status: int | None
    last_error: str | None
    created_ms: int
    ended_ms: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went: the status of the answer, or why there was none."""

    status: int | None
    error: str | None = None

    @property
    def is_delivered(self) -> bool:
        """2xx ends it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_worth_a_retry(self) -> bool:
        """5xx, and no answer at all; other answers are final."""
        return self.status is None or self.status >= 500


async def note_end(connection: AsyncConnection, job_id: str) -> None:
    """The job has ended, in the caller's transaction: its deliveries are due."""
    waiting = and_(deliveries.c.job_id == job_id, deliveries.c.state == State.WAITING)
    await connection.execute(update(deliveries).where(waiting).values(state=State.DUE, due_ms=now_ms()))
    of_account = select(subscriptions).join(jobs, and_(jobs.c.account == subscriptions.c.account, jobs.c.id == job_id))
    for row in (await connection.execute(of_account)).all():
        await connection.execute(_new(connection, row.account, job_id, row.id, row.url).values(state=State.DUE, due_ms=now_ms()))


class Deliveries:
    """Asks for deliveries, hands them out to be tried, and lists them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, account: str, job_id: str, url: str, *, has_ended: bool) -> bool:
        """Tell `url` of the job's end, once, however often this is asked. False: the job has as many as it may."""
        mine = select(func.count()).where(deliveries.c.job_id == job_id, deliveries.c.subscription == "", deliveries.c.url != url)
        async with self._database.write() as connection:
            await take_turn(connection, f"callbacks {job_id}")
            if (await connection.scalar(mine) or 0) >= AT_MOST_PER_JOB:
                return False
            # It may have ended since the caller looked. Locked: whoever ends it now does so after us, and finds our row.
            ended_ms = await connection.scalar(select(jobs.c.ended_ms).where(jobs.c.id == job_id).with_for_update(read=True))
            is_due = has_ended or ended_ms is not None
            values = {"state": State.DUE if is_due else State.WAITING, "due_ms": now_ms() if is_due else None}
            await connection.execute(_new(connection, account, job_id, "", url).values(**values))
        return True

    async def claim(self, limit: int) -> list[Delivery]:
        """Due deliveries, each with one more try begun; nobody else gets them meanwhile."""
        due = and_(deliveries.c.state == State.DUE, deliveries.c.due_ms <= now_ms())
        query = select(deliveries.c.id).where(due).order_by(deliveries.c.due_ms, deliveries.c.id).limit(limit)
        async with self._database.read() as connection:
            if await connection.scalar(query.limit(1)) is None:
                return []
        async with self._database.write() as connection:
            ids = (await connection.scalars(query.with_for_update(skip_locked=True))).all()
            values = {"tries": deliveries.c.tries + 1, "due_ms": now_ms() + CLAIM_SECONDS * 1000}
            taken = update(deliveries).where(deliveries.c.id.in_(ids)).values(**values).returning(deliveries)
            return [_read(row) for row in (await connection.execute(taken)).all()]

    async def tried(self, delivery: Delivery, outcome: Outcome) -> State:
        """Note how a try went; returns the new state."""
        values: dict[str, Any] = {"last_status": outcome.status, "last_error": outcome.error}
        if outcome.is_delivered:
            values |= {"state": State.DELIVERED, "ended_ms": now_ms(), "due_ms": None}
        elif outcome.is_worth_a_retry and delivery.tries < TRIES:
            values |= {"state": State.DUE, "due_ms": now_ms() + BACKOFF_SECONDS[delivery.tries - 1] * 1000}
        else:
            values |= {"state": State.FAILED, "ended_ms": now_ms(), "due_ms": None}
        ours = and_(deliveries.c.id == delivery.id, deliveries.c.tries == delivery.tries, deliveries.c.state == State.DUE)
        async with self._database.write() as connection:
            await connection.execute(update(deliveries).where(ours).values(**values))
        return State(values["state"])

    async def list(self, account: str, job_id: str | None = None, limit: int = 100) -> Sequence[Delivery]:
        """The account's deliveries, the newest first."""
        query = select(deliveries).where(deliveries.c.account == account)
        if job_id is not None:
            query = query.where(deliveries.c.job_id == job_id)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(deliveries.c.created_ms.desc(), deliveries.c.id.desc()).limit(limit))
            return [_read(row) for row in rows]

    async def forget_old(self) -> int:
        """Drop what ended a month ago; how many."""
        old = and_(deliveries.c.ended_ms.is_not(None), deliveries.c.ended_ms < now_ms() - KEPT_MS)
        async with self._database.write() as connection:
            return (await connection.execute(deliveries.delete().where(old))).rowcount


def _new(connection: AsyncConnection, account: str, job_id: str, subscription: str, url: str) -> Any:
    row = {"id": str(ULID()), "account": account, "job_id": job_id, "subscription": subscription, "url": url}
    return insert_new(connection, deliveries).values(**row, tries=0, created_ms=now_ms())


def _read(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        account=row.account,
        job_id=row.job_id,
        subscription=row.subscription,
        url=row.url,
        state=State(row.state),
        tries=row.tries,
        last_status=row.last_status,
        last_error=row.last_error,
        created_ms=row.created_ms,
        ended_ms=row.ended_ms,
    )
