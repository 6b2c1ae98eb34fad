"""GET /.well-known/jwks.json: the public keys that verify what we sign."""

from typing import Final

from aiohttp import web

from app.web.json_answer import json_answer
from app.web.keys import SIGNING_KEYS

ROUTE: Final = "/.well-known/jwks.json"
KEPT_SECONDS: Final = 300  # after a rotation a receiver meets a `kid` it does not know and asks again; this bounds the rest


async def jwks(request: web.Request) -> web.Response:
    """A JWK set (RFC 7517 5)."""
    published = await request.app[SIGNING_KEYS].published()
    return json_answer({"keys": published}, headers={"Cache-Control": f"public, max-age={KEPT_SECONDS}"})
