"""oEmbed 1.0 (oembed.com): other sites turn a link to a player page into a frame with the player. It starts no run."""

from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from app.errors import FormatNotOffered, InvalidRequest, RouteNotFound
from app.produce import prepare
from app.web.access import check_readable
from app.web.address import parse_target
from app.web.forwarding import forwarded
from app.web.json_answer import json_answer
from app.web.keys import WORKSHOP
from app.web.page.player_page import site
from app.web.page.player_view import title_of
from transforms.params import parse
from transforms.source import Source
from transforms.spec import Format

WIDTH: Final = 640
HEIGHT: Final = 190  # the page's compact form needs this much
CACHE_SECONDS: Final = 3600


async def oembed(request: web.Request) -> web.Response:
    """GET /oembed?url=…: 404 for what is no player page of ours, 501 for another format than JSON (oEmbed 2.3.3)."""
    if request.query.get("format", "json") != "json":
        raise FormatNotOffered("oEmbed answers are JSON here: leave 'format' out, or write format=json.")
    url = request.query.get("url")
    if not url:
        raise InvalidRequest("oEmbed needs 'url', the address of a player page.")
    target = _target(url, site(request).base)
    address = parse_target(target)
    spec = parse(address.path, address.params)
    if address.api != "audio" or spec.format is not Format.HTML_AAC or address.artifact is not None:
        raise RouteNotFound
    await check_readable(request, address, target)
    shop = request.app[WORKSHOP].asked_with(await forwarded(request, address))
    async with prepare(shop, address.account, spec) as prepared:
        source = prepared.plan.sources[0]
    document = _document(request, url, title_of(source, address.path), source)
    return json_answer(document, headers={"Cache-Control": f"public, max-age={CACHE_SECONDS}"})


def _target(url: str, base: str) -> str:
    """Path and parameters of one of our own URLs; http and https are the same place."""
    asked, ours = urlsplit(url), urlsplit(base)
    beginning = f"//{ours.netloc}{ours.path}/"
    rest = url.partition(":")[2]
    if asked.scheme not in ("http", "https") or not rest.startswith(beginning):
        raise RouteNotFound
    return "/" + rest.removeprefix(beginning).partition("#")[0]


def _document(request: web.Request, url: str, title: str, source: Source) -> dict[str, Any]:
    width, height = min(WIDTH, _limit(request, "maxwidth")), min(HEIGHT, _limit(request, "maxheight"))
    frame = (
        f'<iframe src="{escape(url)}" width="{width}" height="{height}" title="{escape(title)}" allow="autoplay" style="border:0"></iframe>'
    )
    document = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": "Soundpath",
        "provider_url": f"{site(request).base}/",
        "cache_age": CACHE_SECONDS,
        "html": frame,
        "width": width,
        "height": height,
    }
    return document | ({"author_name": source.artist} if source.artist else {})


def _limit(request: web.Request, name: str) -> int:
    """`maxwidth` or `maxheight`; no bound when it is absent or no number."""
    given = request.query.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and 0 < len(given) <= 6 and int(given) else 10**6
