"""A web server that others fetch from: it serves a folder, and remembers what it was asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from tests.app.web.ports import free_port


@dataclass
class Origin:
    """`ranges=False`: it answers every request with the whole file, as simple servers do. `demands`: what each query must hold."""

    folder: Path
    port: int
    ranges: bool = True
    demands: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.raw_path, dict(request.headers)))
        file = self.folder / request.path[1:]
        if self.demands not in request.raw_path:
            return web.Response(status=403)
        if not file.is_file():
            return web.Response(status=404)
        if not self.ranges:
            return web.Response(body=file.read_bytes())
        return web.FileResponse(file)


@asynccontextmanager
async def origin_of(folder: Path, *, ranges: bool = True) -> AsyncIterator[Origin]:
    origin = Origin(folder, free_port(), ranges)
    app = web.Application()
    app.router.add_get("/{path:.*}", origin.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", origin.port).start()
        yield origin
    finally:
        await runner.cleanup()
