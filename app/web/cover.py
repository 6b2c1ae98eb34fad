"""The cover of an original, `f=meta&a=/cover`: the attached picture as it lies in the file."""

import hashlib
from typing import Final

from aiohttp import web

from app.errors import ArtifactNotFound
from app.web.asked import Asked
from app.web.cache_control import Lifetime, cache_control
from app.web.http.content_type import guard_headers
from app.web.http.serve import Representation, serve_bytes
from app.web.keys import PROBES

COVER_ARTIFACT: Final = "/cover"


async def answer_cover(request: web.Request, asked: Asked) -> web.Response:
    """A JPEG, PNG or WebP picture; raises ArtifactNotFound where there is none, FileNotFound and RefusedInput."""
    if asked.address.artifact != COVER_ARTIFACT:
        raise ArtifactNotFound(str(asked.address.artifact))
    cover, version = await request.app[PROBES].cover(asked.address.account, asked.address.path, asked.forwarded)
    if cover is None:
        raise ArtifactNotFound(COVER_ARTIFACT)
    shown = Representation(
        etag=hashlib.sha256(f"cover {version}".encode()).hexdigest()[:32],
        content_type=cover.mime,
        cache_control=cache_control(Lifetime.SETTLED, asked.delivery),
        extra=guard_headers(cover.mime),
    )
    return serve_bytes(request, shown, cover.picture)
