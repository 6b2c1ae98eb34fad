"""The one door from the event loop to blocking calls: files, and later boto3."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def off_loop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function in the default executor. When the caller is cancelled the function still runs to its end."""
    return await asyncio.to_thread(function, *args, **kwargs)
