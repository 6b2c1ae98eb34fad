"""f=html-aac: a page that plays its own URL. Reading it starts no run; its player does, by asking for the playlist."""

import hashlib
from dataclasses import replace

from aiohttp import web

from app.produce import prepare
from app.web.access import grant_of
from app.web.asked import Asked
from app.web.http.serve import Representation, serve_bytes
from app.web.keys import PUBLIC_URL, WORKSHOP
from app.web.page.player_assets import PLAYER
from app.web.page.player_templates import PAGE_HEADERS, fill
from app.web.page.player_view import Site, player_view
from app.web.target import raw_target


def site(request: web.Request) -> Site:
    """Where this request sees us."""
    public_url = request.app[PUBLIC_URL]
    seen = Site(public_url.base(request), public_url.path, request.app[PLAYER])
    grant = grant_of(request)
    return replace(seen, sign=grant.sign) if grant else seen


async def answer_page(request: web.Request, asked: Asked) -> web.Response:
    """The page; raises FileNotFound and RefusedInput, which a browser is shown as a page too (`error_page`)."""
    async with prepare(request.app[WORKSHOP].asked_with(asked.forwarded), asked.address.account, asked.spec) as prepared:
        plan = prepared.plan
    body = fill("page.html", view=player_view(asked, plan, raw_target(request), site(request))).encode()
    shown = Representation(
        etag=hashlib.sha256(body).hexdigest()[:32],
        content_type="text/html; charset=utf-8",
        cache_control="no-cache",  # it names the player's newest build
        extra=PAGE_HEADERS,
    )
    return serve_bytes(request, shown, body)
