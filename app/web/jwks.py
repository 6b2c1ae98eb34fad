"""GET /.well-known/jwks.json: the public keys that verify what we sign."""

from typing import Final

from aiohttp import web

from app.signing.keys import SigningKeys
from app.signing.requests import RequestSigner
from app.web.json_answer import json_answer

ROUTE: Final = "/.well-known/jwks.json"
SIGNING_KEYS: Final = web.AppKey("signing_keys", SigningKeys)
REQUEST_SIGNER: Final = web.AppKey("request_signer", RequestSigner)
KEPT_SECONDS: Final = 300  # after a rotation a receiver meets a `kid` it does not know and asks again; this bounds the rest


async def jwks(request: web.Request) -> web.Response:
    """A JWK set (RFC 7517 5)."""
    published = await request.app[SIGNING_KEYS].published()
    return json_answer({"keys": published}, headers={"Cache-Control": f"public, max-age={KEPT_SECONDS}"})
