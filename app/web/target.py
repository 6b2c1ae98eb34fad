"""The request target as the client wrote it, which is what `parse_target` reads."""

from aiohttp import web

from app.web.address import Address, parse_target


def raw_target(request: web.Request) -> str:
    """Path and parameters, undecoded. The absolute form that clients send to proxies loses its scheme and host (RFC 9112 3.2.2)."""
    target = request.raw_path
    if target.startswith("/"):
        return target
    return "/" + target.partition("//")[2].partition("/")[2]


def address_of(request: web.Request) -> Address:
    """The address of a CDN request; raises what `parse_target` raises."""
    return parse_target(raw_target(request))
