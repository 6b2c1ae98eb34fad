"""The request target as the client wrote it, which is what `parse_target` reads."""

from typing import Final

from aiohttp import web

from app.web.address import Address, parse_target

_ADDRESS: Final = web.RequestKey("address", Address)


def raw_target(request: web.Request) -> str:
    """Path and parameters, undecoded. The absolute form that clients send to proxies loses its scheme and host (RFC 9112 3.2.2)."""
    target = request.raw_path
    if target.startswith("/"):
        return target
    return "/" + target.partition("//")[2].partition("/")[2]


def address_of(request: web.Request) -> Address:
    """The address of a CDN request, parsed once; raises what `parse_target` raises."""
    known = request.get(_ADDRESS)
    if known is None:
        known = request[_ADDRESS] = parse_target(raw_target(request))
    return known
