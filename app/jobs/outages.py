"""Words that have to reach the database though it is away or full for a while: they are said again until it takes them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

from storage.errors import StoreFull, StoreUnavailable

T = TypeVar("T")

FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 3.0

log = structlog.get_logger()


async def until_back(call: Callable[[], Awaitable[T]]) -> T:
    """What `call` returns, as soon as its back end answers and has room.

    Only for what may be said twice: the attempt fences every word of an owner.
    """
    pause_seconds = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await call()
        except (StoreUnavailable, StoreFull) as error:
            log.warning("waiting for the database or the store", error=repr(error.__cause__ or error))
        await asyncio.sleep(pause_seconds)
        pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
