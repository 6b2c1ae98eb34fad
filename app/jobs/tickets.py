"""PgQueuer as the dispatcher: a ticket in its table for every job that becomes claimable, in the job row's own transaction.

A ticket does not name a job. Whoever draws one looks for the job whose turn it is, by priority, fairness and age, and uses the ticket up
in the transaction of the claim; so the two cannot get out of step, and nothing has to be done when the drawer dies. There are two kinds:
real-time jobs, which every host admits at once, and all others, which wait for a free slot.
"""

import asyncio
import uuid
from datetime import timedelta
from typing import Final, Self

from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.driver import Driver, NotifyCallback
from pgqueuer.ports.repository import EntrypointExecutionParameter
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.jobs.job import Priority
from app.jobs.tables import is_queued, jobs
from app.jobs.turn import Turn
from storage.db import now_ms

KINDS: Final = {
    QueueEntrypoint("real-time"): (Priority.REAL_TIME, Priority.REAL_TIME),
    QueueEntrypoint("file"): (Priority.BACKGROUND, Priority.WAITED_FOR),
}
"""Kind of ticket → lowest and highest priority of its jobs."""

_PROGRAM: Final = QueueManagerId(uuid.uuid4())
_NEVER_STALE: Final = timedelta(days=1)  # a ticket is drawn and used in one transaction: none can be left half used
_UNLIMITED: Final = EntrypointExecutionParameter(concurrency_limit=0)
_STATEMENTS: Final = QueryQueueBuilder()
_LOG_HOURS: Final = 1


class _Transaction(Driver):
    """PgQueuer's statements within a transaction of ours."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        rows = await self._connection.exec_driver_sql(query, args)
        return [dict(row) for row in rows.mappings()]

    async def execute(self, query: str, *args: object) -> str:
        await self._connection.exec_driver_sql(query, args)
        return ""

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        raise NotImplementedError

    async def notify(self, channel: str, payload: str) -> None:
        raise NotImplementedError

    @property
    def shutdown(self) -> asyncio.Event:
        raise NotImplementedError

    @property
    def tm(self) -> TaskManager:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


async def put(connection: AsyncConnection, priority: Priority, delay_ms: int) -> None:
    """A ticket for a job of this priority, good after the delay."""
    await _queries(connection).enqueue(_kind(priority), None, -priority, timedelta(milliseconds=delay_ms))


async def take(connection: AsyncConnection, lowest: Priority, highest: Priority) -> Turn | None:
    """Draw a ticket of a kind that has jobs of these priorities; the turn is for that kind only, so that tickets and jobs stay even."""
    kinds = [kind for kind, (least, most) in KINDS.items() if most <= lowest and highest <= least]
    drawn = await _queries(connection).dequeue(1, dict.fromkeys(kinds, _UNLIMITED), _PROGRAM, None, _NEVER_STALE)
    if not drawn:
        return None
    least, most = KINDS[QueueEntrypoint(drawn[0].entrypoint)]
    return Turn(min(lowest, least), max(highest, most), drawn[0].id)


async def use(connection: AsyncConnection, ticket: int) -> None:
    """The ticket has done its service."""
    queries = _queries(connection)
    await queries.driver.execute(queries.qbq.build_log_job_query(), [ticket], ["successful"], [None])


async def mend(connection: AsyncConnection) -> int:
    """Put the tickets that are missing: a restored backup may lack them. And let PgQueuer's log not grow for ever."""
    missing = 0
    for kind, (least, most) in KINDS.items():
        due = select(func.count()).select_from(jobs)
        due = due.where(is_queued, jobs.c.priority.between(most, least), jobs.c.not_before_ms <= now_ms())
        waiting = text("SELECT count(*) FROM pgqueuer WHERE status = 'queued' AND entrypoint = :kind")
        lacking = (await connection.scalar(due) or 0) - (await connection.scalar(waiting, {"kind": kind}) or 0)
        for _ in range(lacking):
            await put(connection, least, 0)
            missing += 1
    await connection.execute(text(f"DELETE FROM pgqueuer_log WHERE created < now() - interval '{_LOG_HOURS} hours'"))
    return missing


def _kind(priority: Priority) -> str:
    return next(kind for kind, (least, most) in KINDS.items() if most <= priority <= least)


def _queries(connection: AsyncConnection) -> Queries:
    return Queries(_Transaction(connection), qbq=_STATEMENTS)
