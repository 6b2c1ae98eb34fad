"""Errors of the player page, as a page: for whoever opened its address in a browser. API clients get JSON."""

from typing import Final

from aiohttp import web

from app.errors import PublicError
from app.web.http.request_id import request_id
from app.web.page.player_assets import PlayerNotBuilt
from app.web.page.player_page import site
from app.web.page.player_templates import PAGE_HEADERS, fill
from app.web.target import raw_target
from transforms.spec import Format

_HEADLINES: Final = {
    400: "This address cannot be read",
    401: "This sound is not public",
    402: "The quota is used up",
    403: "This sound is not public",
    404: "There is no sound here",
    413: "This would be too large",
    414: "This address is too long",
    422: "This file cannot be played",
    429: "Too many requests",
    503: "Too busy right now",
}
_FALLBACK: Final = "Something went wrong"

_HINTS: Final = {
    404: "Check the spelling of the path: it is case sensitive, and begins behind “/audio”.",
    422: "The file may be damaged, or hold no sound. “f=meta” lists what is in it.",
    429: "Wait a moment, then load this page again.",
    503: "Wait a moment, then load this page again.",
}


def wants_page(request: web.Request) -> bool:
    """Whether a browser asks: it names text/html itself, which scripts and curl do not."""
    return "text/html" in request.headers.get("Accept", "")


def has_page(request: web.Request) -> bool:
    """Whether the address is that of a player page."""
    if request.method not in ("GET", "HEAD"):
        return False
    account_and_api = request.path.split("/", 3)[1:3]
    if len(account_and_api) < 2 or account_and_api[1] != "audio":
        return False
    raw = raw_target(request)
    at = min((raw.index(sign) for sign in "!?" if sign in raw), default=len(raw))
    pairs = [pair.partition("=") for pair in raw[at + 1 :].replace("?", "&").split("&")]
    formats = [value for name, _, value in pairs if name == "f"]
    return formats[-1:] in ([], [Format.HTML_AAC.value]) and not any(name in ("a", "artifact") for name, _, _ in pairs)


def error_page(request: web.Request, public: PublicError, cache_control: str) -> web.Response:
    """The page of an error, with its real status."""
    seen = site(request)
    try:
        style = seen.prefix + seen.assets.path("page.css")
    except PlayerNotBuilt:
        style = None
    text = fill(
        "error.html",
        error=public,
        headline=_HEADLINES.get(public.status, _FALLBACK),
        hint=_HINTS.get(public.status),
        address=raw_target(request),
        number=request_id(request),
        style=style,
    )
    headers = {**PAGE_HEADERS, "Cache-Control": cache_control, **public.headers}
    return web.Response(status=public.status, text=text, content_type="text/html", charset="utf-8", headers=headers)
