"""Answers of the last second, ready to be sent: what many ask for at the same time costs one look and one write.

A hit's way through parsing, folders, catalogue and validators costs ten times as much as sending 1 KB. So a whole answer that any anonymous
client may have is kept for a second under the address as it was written; who asks later goes the whole way again, which also notes that the
variant is used. What makes it stale sooner is looked at: a reset (the generation) each time, library files that it was made from a hundred
times a second.
"""

import os
import time
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from app import tracing
from app.files.originals import Originals
from app.jobs.job import Job, Status
from app.jobs.retention import Retention
from app.metrics import TALLY
from app.web.cors import PRIVATE, Handler
from app.web.http.lru import Lru
from app.web.http.request_id import HEADER as REQUEST_ID_HEADER
from app.web.http.request_id import request_id
from app.web.keys import RATE_LIMITS
from app.web.measured import count_hit, route_of

KEPT_SECONDS: Final = 1.0  # as late as a reset by another process is seen in any case
RENEWED_SECONDS: Final = (
    0.75  # then one request goes the long way while memory answers the others: all at once would make each of them wait
)
LOOKED_AT_SECONDS: Final = 0.01  # how often library files are looked at: a sixth of such a hit is the `stat`
MEMORY_BYTES: Final = 32 * 2**20
BODY_BYTES: Final = 256 * 1024  # what `bodies` keeps in memory
JOINED_BYTES: Final = 128 * 1024  # up to here copying costs less than a second call of send

ANSWERED_BY: Final = web.RequestKey("answered_by", Job)
"""Set by the crossroads: the job whose output the answer is."""

_PERSONAL: Final = ("Range", "Authorization", "Authorization-Token", "X-Api-Key", "Cookie", "X-Soundpath-Dry-Run")
_CONDITIONS: Final = ("If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "Upgrade")
_SPECIAL: Final = frozenset(name.lower() for name in (*_PERSONAL, *_CONDITIONS))
_LOOKED: Final = web.RequestKey("looked", bool)
"""Set on a request that memory did not answer: it need not be asked again."""
_PER_REQUEST: Final = frozenset({REQUEST_ID_HEADER.lower(), "date", "connection"})


@dataclass(slots=True)
class _Kept:
    """`head` lacks what differs per request. `library`: the files it was made from, and their version. The first request behind
    `renew_seconds` renews it, the first behind `look_seconds` looks at the files."""

    route: str
    head: bytes
    body: bytes
    renew_seconds: float
    until_seconds: float
    generation: int
    library: tuple[tuple[Path, int, int], ...]
    look_seconds: float = 0.0


class Recent:
    """One per process."""

    def __init__(self, retention: Retention, originals: Originals) -> None:
        self._retention = retention
        self._originals = originals
        self._kept: Lru[_Kept] = Lru(MEMORY_BYTES, lambda kept: len(kept.body) + len(kept.head))
        self._date = 0, b""

    def find(self, request: web.Request) -> "_Ready | None":
        """The answer, when this is a plain request for what was answered a moment ago."""
        kept = self._kept.get((request.raw_path, ""))
        if kept is None or not _is_plain(request) or not self._is_fresh(kept):
            return None
        TALLY.served("memory", len(kept.body))
        own = f"{REQUEST_ID_HEADER}: {request_id(request)}\r\n\r\n".encode("latin-1")
        return _Ready(kept.route, kept.head + self._now() + own, kept.body)

    def keep(self, request: web.Request, response: web.StreamResponse) -> None:
        """Remember an answer whose headers are about to be sent, if it is one for everybody."""
        job = request.get(ANSWERED_BY)
        if job is None or job.status is not Status.SUCCEEDED or not _is_plain(request) or not _is_for_everybody(request, response):
            return
        assert isinstance(response, web.Response)
        assert isinstance(response.body, bytes)
        lines = [f"{name}: {value}\r\n" for name, value in response.headers.items() if name.lower() not in _PER_REQUEST]
        now = time.monotonic()
        kept = _Kept(
            route_of(request),
            f"HTTP/1.1 200 OK\r\n{''.join(lines)}".encode("latin-1"),
            response.body,
            now + RENEWED_SECONDS,
            now + KEPT_SECONDS,
            self._retention.generation,
            self._originals.library_files(job.sources),
        )
        self._kept.put((request.raw_path, ""), kept)

    def clear(self) -> None:
        """Forget everything: a call that changes something goes through this process."""
        self._kept.forget("")

    def _is_fresh(self, kept: _Kept) -> bool:
        now = time.monotonic()
        if kept.until_seconds <= now or kept.generation != self._retention.generation:
            return False
        if kept.renew_seconds < now:
            kept.renew_seconds = kept.until_seconds
            return False
        if kept.look_seconds < now:
            kept.look_seconds = now + LOOKED_AT_SECONDS
            if not all(_is_unchanged(*file) for file in kept.library):
                kept.until_seconds = now  # over, for whoever asks next too
                return False
        return True

    def _now(self) -> bytes:
        second = int(time.time())
        if second != self._date[0]:
            self._date = second, f"Date: {formatdate(second, usegmt=True)}\r\n".encode("ascii")
        return self._date[1]


RECENT: Final = web.AppKey("recent", Recent)


@web.middleware
async def recent_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer from memory, or go on."""
    recent = request.app.get(RECENT)
    if recent is not None:
        if request.method == "GET":
            if not request.get(_LOOKED) and (ready := recent.find(request)) is not None:
                return ready
        elif request.method not in ("HEAD", "OPTIONS"):
            recent.clear()
    return await handler(request)


def put_in_front(server: web.Server, app: web.Application) -> None:
    """Look into the memory before the library looks for a route, which takes as long as everything else about a hit. Not where requests for
    bytes are limited or traced: those are counted inside."""
    recent, limits, inner = app.get(RECENT), app.get(RATE_LIMITS), server.request_handler
    if recent is None or (limits is not None and limits.rates.cdn):
        return

    async def front(request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request)
        if request.method == "GET" and not tracing.active():
            begun = time.perf_counter()
            if (ready := recent.find(request)) is not None:
                count_hit(ready.route, time.perf_counter() - begun)
                return ready
            request[_LOOKED] = True
        return await inner(request)

    server.request_handler = front


async def remember(request: web.Request, response: web.StreamResponse) -> None:
    """Signal on every answer, the last one before its headers are written."""
    recent = request.app.get(RECENT)
    if recent is not None and request.method == "GET":
        recent.keep(request, response)


class _Ready(web.StreamResponse):
    """A head and a body that are bytes already."""

    def __init__(self, route: str, head: bytes, body: bytes) -> None:
        super().__init__()
        self.route = route
        self._first = head
        self._content = body
        self._writer: AbstractStreamWriter | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Nothing to prepare."""
        self._writer = request.writer
        return None

    @property
    def prepared(self) -> bool:
        """Its headers cannot be changed."""
        return True

    @property
    def keep_alive(self) -> bool | None:
        """Only requests that keep their connection are answered so."""
        return True

    @property
    def body_length(self) -> int:
        """For the access log."""
        return len(self._content)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send it."""
        assert self._writer is not None
        if len(self._content) <= JOINED_BYTES:
            await self._writer.write(self._first + self._content)
        else:
            await self._writer.write(self._first)
            await self._writer.write(self._content)


def _is_unchanged(file: Path, size_bytes: int, modified_ns: int) -> bool:
    try:
        facts = os.stat(file)
    except OSError:
        return False
    return facts.st_mtime_ns == modified_ns and facts.st_size == size_bytes


def _is_plain(request: web.Request) -> bool:
    """Nothing in it asks for a part, proves something, or ends the connection."""
    return (
        request.version == HttpVersion11
        and request.keep_alive
        and _SPECIAL.isdisjoint(map(str.lower, request.headers))
        and "sig=" not in request.raw_path
        and "callback=" not in request.raw_path
    )


def _is_for_everybody(request: web.Request, response: web.StreamResponse) -> bool:
    return (
        isinstance(response, web.Response)
        and response.status == 200
        and isinstance(response.body, bytes)
        and len(response.body) <= BODY_BYTES
        and not request.get(PRIVATE)
        and response.headers.get("Cache-Control", "").startswith("public, max-age")
    )
