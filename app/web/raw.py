"""GET and HEAD of /{account}/raw/{path}: the original bytes."""

from pathlib import PurePosixPath

from aiohttp import web

from app.files.originals import original_key
from app.web.cache_control import Lifetime, cache_control
from app.web.delivery import parse_delivery
from app.web.forwarding import forwardable
from app.web.http.bodies import StoredBody
from app.web.http.content_type import attachment, content_type, guard_headers
from app.web.http.remote_span import RemoteSpan
from app.web.http.serve import Representation, serve_file, serve_payload
from app.web.keys import BODIES, ORIGINALS
from app.web.target import address_of


async def raw(request: web.Request) -> web.Response:
    """Serve an original, with ranges and validators; its version is its strong ETag."""
    address = address_of(request)
    delivery = parse_delivery(address.params)
    originals = request.app[ORIGINALS].asked_with(forwardable(address.params))
    original = await originals.find(address.account, address.path)
    media_type = content_type(original.path)
    extra = guard_headers(media_type)
    if delivery.download:
        extra["Content-Disposition"] = attachment(PurePosixPath(original.path).name)
    shown = Representation(
        etag=original.version,
        content_type=media_type,
        cache_control=cache_control(Lifetime.SETTLED, delivery),
        modified_ms=original.modified_ms,
        extra=extra,
    )
    if original.remote is not None:
        return serve_payload(request, shown, original.size_bytes, lambda start, end: RemoteSpan(originals, original, start, end))
    body = StoredBody(original_key(original.account, original.path), original.size_bytes, lambda: originals.open(original))
    return await serve_file(request, shown, body, request.app[BODIES])
