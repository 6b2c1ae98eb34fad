"""Headers that every answer carries: CORS (CONTRACT 8), the request id, and our name instead of the library's versions."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from app.web.cache_control import PRIVATE_ONLY
from app.web.http.request_id import HEADER as REQUEST_ID_HEADER
from app.web.http.request_id import request_id

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PRIVATE: Final = web.RequestKey("private", bool)
"""Set on requests for files of private folders."""

CREDENTIALED_PREFIX: Final = "/api/v1/access_tokens/"  # the client sends cookies there, and `*` is not allowed with cookies
EXPOSED: Final = "ETag, Content-Length, Content-Range, Accept-Ranges"
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Authorization-Token, Content-Type, Range, X-Upload-Metadata",
    "Access-Control-Max-Age": "86400",
}


@web.middleware
async def preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """OPTIONS is answered everywhere, also where no route is: it says what the service allows, not what is there."""
    if request.method == "OPTIONS":
        return web.Response(status=204, headers=PREFLIGHT)
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal on every answer, errors included, just before its headers are written."""
    headers = response.headers
    headers["Server"] = "Soundpath"
    headers[REQUEST_ID_HEADER] = request_id(request)
    headers["Access-Control-Expose-Headers"] = EXPOSED
    if request.get(PRIVATE):
        headers["Cache-Control"] = PRIVATE_ONLY  # whatever the answer is, an error too: no cache between us and the caller keeps it
    origin = request.headers.get("Origin")
    if origin is not None and request.raw_path.startswith(CREDENTIALED_PREFIX):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Vary"] = "Origin"
    else:
        headers["Access-Control-Allow-Origin"] = "*"
