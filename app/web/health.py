"""Small answers about the service itself: /healthz, /readyz and robots.txt."""

from typing import Final

from aiohttp import web

from app.web.json_answer import json_answer
from app.web.metrics_page import OPERATIONS

ROBOTS: Final = "User-agent: *\nDisallow: /*/audio/\n"  # a crawler's GET would start a run, and its bill (CONTRACT 3)


async def healthz(_request: web.Request) -> web.Response:
    """200 as long as the event loop turns."""
    return json_answer({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """200 when requests should be sent here, also while some part does not answer (`degraded`); 503 when nothing could be served."""
    health = await request.app[OPERATIONS].vitals.health()
    parts = {name: {"ok": part.ok, "milliseconds": round(part.seconds * 1000, 1)} for name, part in health.parts.items()}
    return json_answer({"status": health.condition, "parts": parts}, status=200 if health.takes_traffic else 503)


async def robots(_request: web.Request) -> web.Response:
    """Originals may be crawled, variants not."""
    return web.Response(text=ROBOTS, headers={"Cache-Control": "public, max-age=86400"})
