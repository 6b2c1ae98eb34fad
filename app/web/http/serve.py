"""Bytes to a client: validators, ranges and HEAD for bodies in memory and in files. Audio is never compressed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import Payload, web

from app.metrics import TALLY
from app.web.http.bodies import SMALL_BODY_BYTES, Bodies, StoredBody
from app.web.http.conditional import Selection, Validators, http_date, select
from app.web.http.sendfile import FileSpan


@dataclass(frozen=True, slots=True)
class Representation:
    """What is served, apart from its bytes. `etag` is strong and unquoted; `extra` are further headers (download, sandbox)."""

    etag: str
    content_type: str
    cache_control: str
    modified_ms: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


async def serve_file(request: web.Request, shown: Representation, body: StoredBody, bodies: Bodies) -> web.Response:
    """Answer a GET or HEAD with (a part of) a stored body; raises what `select` and the body's store raise."""
    selection = _select(request, shown, body.size_bytes)
    if _needs_no_body(request, selection):
        return _answer(shown, selection, body.size_bytes)
    if body.size_bytes <= SMALL_BODY_BYTES:
        content = await bodies.read(body, shown.etag)
        return _answer(shown, selection, body.size_bytes, _slice(content, selection))
    file = await bodies.open(body, shown.etag)
    TALLY.served("disk", selection.end - selection.start)
    return _answer(shown, selection, body.size_bytes, FileSpan(request, file, selection.start, selection.end))


def serve_bytes(request: web.Request, shown: Representation, body: bytes) -> web.Response:
    """The same for a body that is in memory: a playlist, a page, a document of ours."""
    selection = _select(request, shown, len(body))
    return _answer(shown, selection, len(body), None if _needs_no_body(request, selection) else _slice(body, selection))


def serve_payload(request: web.Request, shown: Representation, size_bytes: int, span: Callable[[int, int], Payload]) -> web.Response:
    """The same for bytes that are elsewhere: `span` gives the payload of [start, end)."""
    selection = _select(request, shown, size_bytes)
    needs_body = not _needs_no_body(request, selection) and selection.end > selection.start
    return _answer(shown, selection, size_bytes, span(selection.start, selection.end) if needs_body else None)


def _select(request: web.Request, shown: Representation, size_bytes: int) -> Selection:
    return select(request.method, request.headers, Validators(shown.etag, shown.modified_ms), size_bytes)


def _needs_no_body(request: web.Request, selection: Selection) -> bool:
    return request.method == "HEAD" or selection.status is HTTPStatus.NOT_MODIFIED


def _slice(body: bytes, selection: Selection) -> bytes:
    whole = selection.start == 0 and selection.end == len(body)
    return body if whole else body[selection.start : selection.end]


def _answer(shown: Representation, selection: Selection, size_bytes: int, body: bytes | Payload | None = None) -> web.Response:
    headers = {"ETag": f'"{shown.etag}"', "Cache-Control": shown.cache_control, "Accept-Ranges": "bytes"}
    if shown.modified_ms is not None:
        headers["Last-Modified"] = http_date(shown.modified_ms // 1000)
    if selection.status is not HTTPStatus.NOT_MODIFIED:
        headers["Content-Type"] = shown.content_type
        headers["Content-Length"] = str(selection.end - selection.start)
    if selection.status is HTTPStatus.PARTIAL_CONTENT:
        headers["Content-Range"] = f"bytes {selection.start}-{selection.end - 1}/{size_bytes}"
    headers.update(shown.extra)
    return web.Response(status=selection.status, body=body, headers=headers)
