"""Rate limits, per address, key and kind of call: 429 with Retry-After, and how much is left in RateLimit and RateLimit-Policy.

Header fields: draft-ietf-httpapi-ratelimit-headers-10. All programs of a machine count together.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

from aiohttp import web

from app.errors import RateLimited, Unauthenticated, Unauthorized
from app.rates import RateLimits, Standing
from app.web.cors import Handler
from app.web.keys import PUBLIC_URL, RATE_LIMITS

IPV6_NETWORK_BITS: Final = 64  # what one customer has at least; single addresses cost nothing

_API_PREFIXES: Final = ("/v2/", "/api/")


@web.middleware
async def rate_limited(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the call by its kind; raises RateLimited. Answers to limited calls say what is left."""
    limits = request.app.get(RATE_LIMITS)
    if limits is None:
        return await handler(request)
    is_api = request.raw_path.startswith(_API_PREFIXES)
    if not is_api and not limits.rates.cdn and not limits.rates.refusals:
        return await handler(request)
    client = client_of(request)
    standing = count(limits, "api" if is_api else "cdn", client)
    if _shows_something(request):
        count(limits, "refusals", client, calls=0)
    try:
        answer = await handler(request)
    except (Unauthenticated, Unauthorized):
        limits.take("refusals", client)
        raise
    if standing is not None and not answer.prepared:
        answer.headers.update(standing.headers)
    return answer


def count(limits: RateLimits, kind: str, client: str, calls: int = 1) -> Standing | None:
    """Count calls; raises RateLimited when there were too many."""
    standing = limits.take(kind, client, calls)
    if standing is None or not standing.wait_seconds:
        return standing
    error = RateLimited(f"Too many requests of this kind ({kind}): {standing.quota} a minute are allowed.", standing.wait_seconds)
    error.headers.update(standing.headers)
    raise error


def count_start(request: web.Request) -> None:
    """A run is about to begin; raises RateLimited."""
    if (limits := request.app.get(RATE_LIMITS)) is not None:
        count(limits, "starts", client_of(request))


def count_key(request: web.Request, key_id: str) -> None:
    """A call with this key; raises RateLimited."""
    if (limits := request.app.get(RATE_LIMITS)) is not None:
        count(limits, "key", key_id)


def client_of(request: web.Request) -> str:
    """The client's address; of IPv6 its network."""
    return _network(request.app[PUBLIC_URL].client(request))


@lru_cache(maxsize=4096)
def _network(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if isinstance(address, IPv6Address):
        return str(int(address) >> (128 - IPV6_NETWORK_BITS)) if address.ipv4_mapped is None else str(address.ipv4_mapped)
    return text


def _shows_something(request: web.Request) -> bool:
    """Whether the request brings what can be guessed: anonymous readers of public files are never in the way."""
    headers = request.headers
    return "Authorization" in headers or "X-Api-Key" in headers or "Authorization-Token" in headers or "sig=" in request.raw_path
