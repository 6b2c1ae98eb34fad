"""f=meta: the tracks of an original, in one answer."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from aiohttp import web

from app.web.asked import Asked
from app.web.cache_control import Lifetime, cache_control
from app.web.http.serve import Representation, serve_bytes
from app.web.keys import PROBES


async def answer_meta(request: web.Request, asked: Asked) -> web.Response:
    """`{"tracks": […]}` with MediaInfo's names; raises FileNotFound, and UnsupportedInput for what nothing can open."""
    tracks, version = await track_list(request, asked)
    body = json.dumps(tracks).encode()
    shown = Representation(
        etag=hashlib.sha256(version.encode() + body).hexdigest()[:32],
        content_type="application/json",
        cache_control=cache_control(Lifetime.SETTLED, asked.delivery),
    )
    return serve_bytes(request, shown, body)


async def track_list(request: web.Request, asked: Asked) -> tuple[dict[str, Any], str]:
    """`{"tracks": […]}` as a value, and the original's version."""
    tracks, version = await request.app[PROBES].describe(asked.address.account, asked.address.path, asked.forwarded)
    listed = [{name: value for name, value in asdict(track).items() if value is not None} for track in tracks]
    return {"tracks": listed}, version
