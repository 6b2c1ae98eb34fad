"""The one guarded fetcher: whatever URL this service opens, it opens here.

http and https to public addresses on the usual ports; each redirect hop is checked like the first URL; a connection goes to an address
that was checked, and there is no second look-up; certificates are verified for the name; proxies of the environment are ignored; nothing
that a caller sends along reaches another origin; bytes, seconds and redirects are bounded.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from storage.fetch.body import read_body
from storage.fetch.errors import FetchFailed, FetchTooLarge
from storage.fetch.resolving import CheckedResolver
from storage.fetch.urls import Rules

Sign = Callable[[str], Mapping[str, str]]
"""Headers for one hop, given its URL: they are made for it and worth nothing elsewhere."""

USER_AGENT: Final = "Soundpath"
CONNECTIONS: Final = 64
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# What may follow a redirect to another origin: it says what we want, not who we are.
_HARMLESS: Final = frozenset({"accept", "if-match", "if-none-match", "if-modified-since", "if-range", "if-unmodified-since"})


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one fetch. `answer_seconds`: until the last hop's headers are there, `total_seconds`: until the last byte is read."""

    max_bytes: int = 5 * 10**9
    answer_seconds: float = 30
    total_seconds: float = 3600
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What is asked for. `byte_range`: [start, end), to the end when that is None; `sign` adds headers at each hop."""

    headers: Mapping[str, str] = field(default_factory=dict)
    byte_range: tuple[int, int | None] | None = None
    limits: FetchLimits = FetchLimits()
    sign: Sign | None = None
    method: str = "GET"
    body: bytes | None = None


class Fetched:
    """An answer whose headers have come. `url`: where it came from in the end. `size_bytes`: of this body, None when nobody says."""

    def __init__(self, response: aiohttp.ClientResponse, limits: FetchLimits, deadline: float) -> None:
        self._response = response
        self._limits = limits
        self._deadline = deadline
        self.status = response.status
        self.headers: CIMultiDictProxy[str] = response.headers
        self.url = str(response.url)
        self.size_bytes = None if "Content-Encoding" in response.headers else response.content_length
        if self.size_bytes is not None and self.size_bytes > limits.max_bytes and response.method != "HEAD":
            raise FetchTooLarge(f"The file is larger than {limits.max_bytes} bytes.")

    def read(self) -> AsyncIterator[bytes]:
        """The body in pieces, once; raises FetchTooLarge and FetchFailed."""
        return read_body(self._response, self._limits.max_bytes, self._deadline)


class Fetcher:
    """For `async with`: keeps connections while it is open. `resolver` and `tls` are for those who know their own network."""

    def __init__(self, rules: Rules, resolver: AbstractResolver | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._rules = rules
        self._resolver = resolver
        self._tls = tls

    async def __aenter__(self) -> Self:
        """Open."""
        inner = self._resolver or aiohttp.ThreadedResolver()
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(inner, self._rules), use_dns_cache=False, limit=CONNECTIONS, ssl=self._tls or True
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30),
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close every connection."""
        await self._session.close()

    def check(self, url: str) -> None:
        """Raise UrlRefused for a URL that would never be opened, without looking its name up."""
        self._rules.check(url)

    @asynccontextmanager
    async def ask(self, url: str, request: FetchRequest) -> AsyncIterator[Fetched]:
        """The answer of the last hop, whatever its status; raises UrlRefused, FetchTooLarge and FetchFailed."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + request.limits.total_seconds
        try:
            async with asyncio.timeout(min(request.limits.answer_seconds, request.limits.total_seconds)):
                response = await self._follow(self._rules.check(url), request)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise FetchFailed("The URL's host did not answer as it should.") from error
        try:
            yield Fetched(response, request.limits, deadline)
        finally:
            # An unread rest is not worth waiting for: the connection is closed, not kept.
            response.close()

    async def _follow(self, url: URL, request: FetchRequest) -> aiohttp.ClientResponse:
        """Hop by hop; a POST is never sent on."""
        first = url
        for _ in range(request.limits.redirects + 1):
            headers = _headers(request, is_home=url.origin() == first.origin())
            headers.update(request.sign(str(url)) if request.sign is not None else {})
            response = await self._session.request(request.method, url, headers=headers, data=request.body, allow_redirects=False)
            location = response.headers.get("Location")
            if response.status not in REDIRECTS or location is None or request.body is not None:
                return response
            response.close()
            url = self._rules.check(_joined(url, location))
        raise FetchFailed("The URL is redirected too often.")


def _headers(request: FetchRequest, is_home: bool) -> CIMultiDict[str]:
    sent = CIMultiDict((name, value) for name, value in request.headers.items() if is_home or name.lower() in _HARMLESS)
    if request.byte_range is not None:
        start, end = request.byte_range
        sent["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
    return sent


def _joined(url: URL, location: str) -> str:
    try:
        return str(url.join(URL(location)))
    except ValueError as error:
        raise FetchFailed("The URL is redirected to something that is no URL.") from error
