"""Finished files that clients fetch from the object store themselves, by an address that is good for a while."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from app.jobs.job import ArtifactFile
from app.web.cors import PRIVATE
from app.web.http.bodies import SMALL_BODY_BYTES


@dataclass(frozen=True, slots=True)
class Redirects:
    """`presign` makes addresses: key, seconds and Content-Disposition. Small files are answered sooner than their address would be made."""

    presign: Callable[[str, int, str | None], Awaitable[str]]
    seconds: int

    async def answer(self, request: web.Request, file: ArtifactFile, disposition: str | None) -> web.Response | None:
        """Where the bytes are, or None when they are to be served from here: what only asks whether anything has changed is, too."""
        if request.method != "GET" or file.size_bytes <= SMALL_BODY_BYTES or "If-None-Match" in request.headers:
            return None
        location = await self.presign(file.key, self.seconds, disposition)
        # An address that is handed out late must still be good when it is used.
        kept = "no-store" if request.get(PRIVATE) else f"public, max-age={self.seconds // 2}"
        return web.Response(status=302, headers={"Location": location, "Cache-Control": kept})


REDIRECTS: Final = web.AppKey("redirects", Redirects)
