"""Objects that appear whole or not at all, as S3's do: a door in front of rclone's server, which shows them while they arrive.

python -m tests.faults.whole_objects ADDRESS PORT ENDPOINT
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from tests.servers import ObjectStore, free_port
from tests.service import ROOT

OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "expect", "content-length"}
LARGEST_BYTES = 64 * 2**20
START_SECONDS = 30


class Door:
    """Passes requests on when they have arrived wholly. Nobody looks at a key, or lists it, while it is being written."""

    def __init__(self, endpoint: str, session: aiohttp.ClientSession) -> None:
        self._endpoint = endpoint
        self._session = session
        self._turn = asyncio.Condition()
        self._written: list[str] = []
        self._looked_at: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        key = f"{request.path}/{request.query['prefix']}" if "prefix" in request.query else request.path
        async with self._looking(key) if request.method in ("GET", "HEAD") else self._writing(key):
            return await self._pass_on(request, body)

    @asynccontextmanager
    async def _looking(self, prefix: str) -> AsyncIterator[None]:
        async with self._turn:
            await self._turn.wait_for(lambda: not any(key.startswith(prefix) for key in self._written))
            self._looked_at.append(prefix)
        try:
            yield
        finally:
            await self._leave(self._looked_at, prefix)

    @asynccontextmanager
    async def _writing(self, key: str) -> AsyncIterator[None]:
        async with self._turn:
            await self._turn.wait_for(lambda: not any(key.startswith(prefix) for prefix in (*self._looked_at, *self._written)))
            self._written.append(key)
        try:
            yield
        finally:
            await self._leave(self._written, key)

    async def _leave(self, where: list[str], key: str) -> None:
        where.remove(key)
        async with self._turn:
            self._turn.notify_all()

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        """What the server says; where it does not answer, nobody does."""
        url = URL(self._endpoint + request.raw_path, encoded=True)
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in OF_ONE_CONNECTION]
        try:
            async with self._session.request(request.method, url, headers=headers, data=body, allow_redirects=False) as answer:
                said = {name: value for name, value in answer.headers.items() if name.lower() not in OF_ONE_CONNECTION}
                if request.method == "HEAD" and "Content-Length" in answer.headers:
                    said["Content-Length"] = answer.headers["Content-Length"]
                return web.Response(status=answer.status, headers=said, body=await answer.read() or None)
        except (aiohttp.ClientError, OSError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)


async def serve(address: str, port: int, endpoint: str) -> None:
    """Until this program is killed."""
    own = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False, skip_auto_headers=own) as session:
        app = web.Application(client_max_size=LARGEST_BYTES)
        app.router.add_route("*", "/{path:.*}", Door(endpoint, session).answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, address, port).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


@asynccontextmanager
async def whole_objects(objects: ObjectStore) -> AsyncIterator[str]:
    """The endpoint of a door in front of a server."""
    port = free_port(objects.address)
    command = (sys.executable, "-m", "tests.faults.whole_objects", objects.address, str(port), objects.endpoint)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            assert await process.stdout.readline() == b"ready\n"
        yield f"http://{objects.address}:{port}"
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
