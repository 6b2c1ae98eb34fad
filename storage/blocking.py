"""The one door from the event loop to blocking calls: files, boto3, diskcache."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def off_loop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function in the default executor. When the caller is cancelled the function still runs to its end."""
    return await asyncio.to_thread(function, *args, **kwargs)


async def to_its_end(awaitable: Awaitable[T]) -> T:
    """Await a blocking call so that it is over when this returns, also when this is cancelled: nobody writes on behind our back, and
    nobody closes a file that a thread still reads."""
    call = asyncio.ensure_future(awaitable)
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        await asyncio.wait({call})
        if not call.cancelled():
            call.exception()  # nobody is left to hear of it; unasked, it would stand in the log as forgotten
        raise
