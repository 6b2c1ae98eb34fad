"""A web server that is told of jobs, and verifies what it is told as a receiver would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDict

from tests.storage.fetch.origins import serving


@dataclass
class Receiver:
    """`statuses`: what it answers one after the other, the last for ever."""

    statuses: list[int] = field(default_factory=lambda: [200])
    seen: list[tuple[str, CIMultiDict[str], bytes]] = field(default_factory=list)
    port: int = 0
    told: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append((request.path, CIMultiDict(request.headers), await request.read()))
        async with self.told:
            self.told.notify_all()
        return web.Response(status=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])

    async def wait(self, count: int, seconds: float = 60) -> list[tuple[str, CIMultiDict[str], bytes]]:
        async with asyncio.timeout(seconds), self.told:
            await self.told.wait_for(lambda: len(self.seen) >= count)
        return self.seen


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    receiver = Receiver(list(statuses) or [200])
    async with serving(receiver.answer) as port:
        receiver.port = port
        yield receiver
