"""Small fixed answers about the service itself: /healthz and robots.txt."""

from typing import Final

from aiohttp import web

from app.web.json_answer import json_answer

ROBOTS: Final = "User-agent: *\nDisallow: /*/audio/\n"  # a crawler's GET would start a run, and its bill (CONTRACT 3)


async def healthz(_request: web.Request) -> web.Response:
    """200 as long as the event loop turns."""
    return json_answer({"status": "ok"})


async def robots(_request: web.Request) -> web.Response:
    """Originals may be crawled, variants not."""
    return web.Response(text=ROBOTS, headers={"Cache-Control": "public, max-age=86400"})
