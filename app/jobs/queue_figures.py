"""How long the queue is and how old: what scaling and alarms go by. Two small index scans, whatever the table has grown to."""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.jobs.job import Priority
from app.jobs.tables import is_queued, is_running, jobs
from storage.db import Database, now_ms


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """`waiting` and `oldest_seconds` by priority (0 where nobody waits), `running` by status."""

    waiting: dict[Priority, int]
    oldest_seconds: dict[Priority, float]
    running: dict[str, int]


async def queue_figures(database: Database) -> QueueFigures:
    """The queue as it is now."""
    waiting = select(jobs.c.priority, func.count(), now_ms() - func.min(jobs.c.created_ms)).where(is_queued).group_by(jobs.c.priority)
    running = select(jobs.c.status, func.count()).where(is_running).group_by(jobs.c.status)
    async with database.read() as connection:
        rows = (await connection.execute(waiting)).all()
        states = (await connection.execute(running)).all()
    counts = dict.fromkeys(Priority, 0) | {Priority(row[0]): int(row[1]) for row in rows}
    ages = dict.fromkeys(Priority, 0.0) | {Priority(row[0]): max(0.0, row[2] / 1000) for row in rows}
    return QueueFigures(counts, ages, {row[0]: int(row[1]) for row in states})
