"""Work beside what may cut it short."""

import asyncio
from typing import Any


async def until_one_ends(*tasks: asyncio.Future[Any]) -> None:
    """Whichever ends first ends the others: all are over when this returns, also when it is cancelled.

    Whose result counts, the caller asks.
    """
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
