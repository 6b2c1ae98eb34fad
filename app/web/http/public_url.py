"""The base of absolute links: what the operator says, else what the client called us, as far as that can be believed."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from app.web.http.networks import Network, is_address, is_within

_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_FORWARDED_PAIR: Final = re.compile(r'(?P<name>host|proto)=(?:"(?P<quoted>[^"]*)"|(?P<token>[^;,\s]+))', re.IGNORECASE)
_SCHEMES: Final = frozenset({"http", "https"})


class PublicUrl:
    """SOUNDPATH_PUBLIC_URL, or the request's own host. Forwarded headers count only when a trusted proxy has sent them."""

    def __init__(self, configured: str | None, trusted_proxies: Sequence[Network] = ()) -> None:
        self._configured = configured.rstrip("/") if configured else None
        self._trusted = tuple(trusted_proxies)

    @property
    def path(self) -> str:
        """The path of the configured base, without a slash at its end: what stands in front of root-relative links."""
        return urlsplit(self._configured).path if self._configured else ""

    def base(self, request: web.BaseRequest) -> str:
        """Scheme and host (and configured path) without a slash at the end, e.g. `https://audio.example`."""
        if self._configured is not None:
            return self._configured
        scheme, host = request.scheme, request.headers.get("Host", "")
        if is_within(request.remote, self._trusted):
            scheme, host = _forwarded(request, scheme, host)
        return f"{scheme}://{host if _HOST.fullmatch(host) else _own_address(request)}"

    def client(self, request: web.BaseRequest) -> str:
        """The address that the request comes from: behind trusted proxies the last one in X-Forwarded-For that is none of them."""
        address = request.remote or ""
        named = _listed(request, "X-Forwarded-For").split(",")
        while named and is_within(address, self._trusted) and is_address(named[-1].strip()):
            address = named.pop().strip()
        return address


def _forwarded(request: web.BaseRequest, scheme: str, host: str) -> tuple[str, str]:
    """What the proxy says: RFC 7239's Forwarded, else X-Forwarded-*. Of several values the last: the trusted proxy has added it."""
    said = {}
    last = _listed(request, "Forwarded").rpartition(",")[2]
    for pair in _FORWARDED_PAIR.finditer(last):
        said[pair["name"].lower()] = pair["quoted"] or pair["token"] or ""
    for name in ("proto", "host"):
        if name not in said:
            said[name] = _listed(request, f"X-Forwarded-{name}").rpartition(",")[2].strip()
    proto = said["proto"].lower()
    return (proto if proto in _SCHEMES else scheme, said["host"] or host)


def _listed(request: web.BaseRequest, name: str) -> str:
    """All lines of a header as one list (RFC 9110 5.3): some proxies add a line of their own below the one that the client has sent."""
    return ",".join(request.headers.getall(name, ()))


def _own_address(request: web.BaseRequest) -> str:
    """Where the request came in, for clients that send no usable Host."""
    sockname = request.transport.get_extra_info("sockname") if request.transport else None
    if not isinstance(sockname, tuple):
        return "localhost"
    host = f"[{sockname[0]}]" if ":" in sockname[0] else sockname[0]
    return f"{host}:{sockname[1]}"
