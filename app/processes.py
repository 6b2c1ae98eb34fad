"""`serve --processes N`: N programs share one address, and this one, their parent, starts those again that die.

The kernel deals connections out among them. The first one, part 0, also works the jobs; the others only answer. What they must tell each
other goes over the database and the words of `storage.neighbours`, as between any programs of one machine.
"""

import asyncio
import signal
import socket
import sys
from contextlib import closing
from typing import Final, Literal

import structlog

# SIGTERM when the parent dies, however it dies: nobody would start them again or tell them to stop.
WITH_PARENT: Final = ("setpriv", "--pdeathsig", "TERM", "--")
AGAIN_SECONDS: Final = 1.0  # a part that cannot live is tried again, without spinning

log = structlog.get_logger()


async def serve_parts(host: str, port: int, count: int, stop: asyncio.Event) -> None:
    """Keep `count` parts running until `stop`; returns when all have ended."""
    # Bound, never listening: it keeps the port while parts come and go, and finds a free one where any will do.
    with closing(_reserve(host, port)) as address:
        found = address.getsockname()[1]
        async with asyncio.TaskGroup() as parts:
            for number in range(count):
                parts.create_task(_keep(number, found, stop))


async def _keep(number: int, port: int, stop: asyncio.Event) -> None:
    stopping = asyncio.ensure_future(stop.wait())
    try:
        while not stop.is_set():
            status = await _live(number, port, stopping)
            if not stop.is_set():
                log.error("a part has died and is started again", part=number, status=status)
                await asyncio.wait({stopping}, timeout=AGAIN_SECONDS)
    finally:
        stopping.cancel()


async def _live(number: int, port: int, stopping: "asyncio.Future[Literal[True]]") -> int:
    """One life of a part: until it ends by itself, or is told to; its exit status."""
    command = (*WITH_PARENT, sys.executable, "-m", "app", "serve", "--part", str(number), "--port", str(port))
    part = await asyncio.create_subprocess_exec(*command)
    ended = asyncio.create_task(part.wait())
    try:
        await asyncio.wait((ended, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        if part.returncode is None:
            part.send_signal(signal.SIGTERM)
        status = await ended
    return status


def _reserve(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = socket.socket(family, socket.SOCK_STREAM)
    address.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    address.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    address.bind((host, port))
    return address
