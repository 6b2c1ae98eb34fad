"""Who tries next. On one machine whoever looks at the rows first; on many PgQueuer hands out tickets (`tickets`), one for each job that
becomes claimable. Either way the row and its attempt number decide who owns: a ticket may be late, lost or one too many.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from app.jobs.job import Priority
from app.jobs.turn import Turn


async def announce(connection: AsyncConnection, priority: Priority, delay_ms: int = 0) -> None:
    """A job becomes claimable with the caller's transaction: after the delay somebody gets a turn."""
    if connection.dialect.name == "postgresql":
        from app.jobs import tickets  # loads PgQueuer, which is for many machines

        await tickets.put(connection, priority, delay_ms)


async def take_turn(connection: AsyncConnection, lowest: Priority, highest: Priority) -> Turn | None:
    """A turn to claim one job within the caller's transaction, or None when nothing is due."""
    if connection.dialect.name != "postgresql":
        return Turn(lowest, highest)
    from app.jobs import tickets

    return await tickets.take(connection, lowest, highest)


async def end_turn(connection: AsyncConnection, turn: Turn) -> None:
    """The turn is used, or was for nothing."""
    if turn.ticket is not None:
        from app.jobs import tickets

        await tickets.use(connection, turn.ticket)


async def mend(connection: AsyncConnection) -> int:
    """Give out the turns that are missing; how many."""
    if connection.dialect.name != "postgresql":
        return 0
    from app.jobs import tickets

    return await tickets.mend(connection)
