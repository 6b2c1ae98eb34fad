"""A web server as originals have it: ranges or none, a bandwidth that all its connections share, round trips, and faults on demand.

What it has sent is noted byte by byte, so that a test can say which were asked for twice.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from tests.app.web.ports import free_port

PIECE_BYTES = 16 * 1024
BURST_SECONDS = 0.002


@dataclass
class PacedOrigin:
    """Serves the files of a folder. `round_trip_seconds` pass before each answer, and once more on a new connection.

    `breaks_after`: answers end, broken off, after so many bytes. `stalls_at`: nothing behind this byte is sent before `goes_on` is set.
    """

    folder: Path
    port: int
    ranges: bool = True
    bytes_per_second: float = float("inf")
    round_trip_seconds: float = 0
    breaks_after: int | None = None
    sent: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    stalls_at: int | None = None
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    _free_at: float = 0
    _known: set[int] = field(default_factory=set)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def sent_bytes(self, path: str) -> int:
        """All bytes that were sent of a file."""
        return sum(end - start for start, end in self.sent.get(path, []))

    def times_sent(self, path: str) -> int:
        """How often the byte was sent that was sent most often."""
        edges = sorted(edge for start, end in self.sent.get(path, []) for edge in ((start, 1), (end, -1)))
        most = times = 0
        for _, step in edges:
            times += step
            most = max(most, times)
        return most

    async def answer(self, request: web.Request) -> web.StreamResponse:
        file = self.folder / request.path[1:]
        if not file.is_file():
            return web.Response(status=404)
        connection = id(request.transport)
        await asyncio.sleep(self.round_trip_seconds * (1 if connection in self._known else 2))
        self._known.add(connection)
        size = file.stat().st_size
        asked = request.http_range if self.ranges else slice(None)
        start, end, _ = asked.indices(size)
        headers = {"ETag": f'"{file.stat().st_mtime_ns:x}-{size:x}"'}
        if asked != slice(None, None, 1) and asked != slice(None):
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        response = web.StreamResponse(status=206 if "Content-Range" in headers else 200, headers=headers)
        response.content_length = end - start
        await response.prepare(request)
        await self._send(request, response, file, range(start, end))
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, file: Path, span: range) -> None:
        noted = self.sent.setdefault(request.path, [])
        with file.open("rb") as content:
            content.seek(span.start)
            for at in range(span.start, span.stop, PIECE_BYTES):
                if self.breaks_after is not None and at - span.start >= self.breaks_after:
                    assert request.transport is not None
                    request.transport.abort()
                    return
                if self.stalls_at is not None and at >= self.stalls_at:
                    await self.goes_on.wait()
                piece = content.read(min(PIECE_BYTES, span.stop - at))
                await self._pace(len(piece))
                noted.append((at, at + len(piece)))
                await response.write(piece)
        await response.write_eof()

    async def _pace(self, size_bytes: int) -> None:
        """Wait until the line is free for so many bytes; what is shorter than a tick of the clock is let through and made up for."""
        now = time.monotonic()
        self._free_at = max(self._free_at, now - BURST_SECONDS) + size_bytes / self.bytes_per_second
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


@asynccontextmanager
async def paced_origin(folder: Path, **settings: object) -> AsyncIterator[PacedOrigin]:
    origin = PacedOrigin(folder, free_port(), **settings)  # type: ignore[arg-type]
    app = web.Application()
    app.router.add_get("/{path:.*}", origin.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", origin.port).start()
        yield origin
    finally:
        await runner.cleanup()
