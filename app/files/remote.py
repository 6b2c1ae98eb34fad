"""Originals that are kept elsewhere: read-only folders on web servers and in buckets, reached through the guarded fetcher alone."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import parse_qsl, urlencode

from cachetools import TTLCache

from app.errors import Conflict, FileNotFound
from app.files.buckets import open_bucket
from app.files.folders import Folders, Placed
from app.files.layers import InternalLayer, WebLayer
from app.signing.requests import RequestSigner
from app.signing.sealing import Sealing
from storage.blocking import off_loop
from storage.fetch.errors import FetchFailed, FetchTooLarge
from storage.fetch.fetcher import Fetched, Fetcher, FetchLimits, FetchRequest
from storage.s3_origin import presign
from storage.spool import Origin, Spool
from storage.spools import Spools
from transforms.ahead import read_first
from transforms.params import PARAMETERS

REMOTE: Final = "remote:"
OURS: Final = frozenset({*PARAMETERS, "version", "v", "cache"})  # what says what to make of a file, never which file

HEAD_BYTES: Final = 64 * 1024
TOLD_SECONDS: Final = 1.0  # as late as a reset is seen in any case; what changes meanwhile is noticed when its bytes are read
TOLD_FILES: Final = 64

_MISSING: Final = frozenset({403, 404, 410})
"""Buckets answer 403 for a key that is not there when the caller may not list them."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file elsewhere. `url` is made anew for each request: those of buckets are signed for a short while."""

    url: Callable[[], str]
    account: str
    is_signed: bool  # buckets have signatures of their own


@dataclass(frozen=True, slots=True)
class RemoteFacts:
    """What the other side says about a file."""

    version: str
    size_bytes: int
    modified_ms: int
    has_ranges: bool
    head: bytes = b""


class Remote:
    """Finds, reads and spools remote originals. `max_bytes` bounds every one of them."""

    def __init__(self, fetcher: Fetcher, sealing: Sealing, spools: Spools, signer: RequestSigner, max_bytes: int) -> None:
        self._fetcher = fetcher
        self._sealing = sealing
        self.spools = spools
        self._limits = FetchLimits(max_bytes=max_bytes)
        self._signer = signer
        self._told: TTLCache[tuple[str, str, str], RemoteFacts] = TTLCache(TOLD_FILES, TOLD_SECONDS)

    def locate(self, account: str, path: str, placed: Placed, query: str = "") -> RemoteFile:
        """Where a file of a remote folder is; `query` is what the client's URL was asked with, encoded."""
        layer = placed.layer
        assert not isinstance(layer, InternalLayer)
        if isinstance(layer, WebLayer):
            url = layer.url(path.removeprefix(placed.folder_path.rstrip("/")), forwarded(layer, query))
            return RemoteFile(lambda: url, account, is_signed=True)
        folder = open_bucket(self._sealing, placed)
        key = layer.key(path, placed.folder_path)
        return RemoteFile(lambda: presign(folder.bucket, folder.keys, key), account, is_signed=False)

    async def facts(self, path: str, file: RemoteFile) -> RemoteFacts:
        """Ask the other side; raises FileNotFound and FetchError. One byte is asked for: not everybody answers HEAD."""
        async with self._found(path, file, 1) as fetched:
            return _facts(fetched)

    async def facts_to_read(self, path: str, file: RemoteFile) -> RemoteFacts:
        """The same for who reads it next, with its beginning; what was told within the last second is not asked again."""
        key = (file.account, path, await off_loop(file.url) if file.is_signed else "")
        known = self._told.get(key)
        if known is not None:
            return known
        async with self._found(path, file, HEAD_BYTES) as fetched:
            facts = _facts(fetched)
            if facts.size_bytes > self._limits.max_bytes:
                raise FetchTooLarge(f"The file is larger than {self._limits.max_bytes} bytes.")
            facts = replace(facts, head=await _beginning(fetched, min(HEAD_BYTES, facts.size_bytes)))
        self._told[key] = facts
        return facts

    @asynccontextmanager
    async def read(self, file: RemoteFile, facts: RemoteFacts, start: int, end: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes [start, end); raises Conflict when the file has changed, and FetchError."""
        async with self._ask(file, (start, end)) as fetched:
            if fetched.status not in (200, 206) or _facts(fetched).version != facts.version:
                raise Conflict("The file was changed while it was being read. Ask again.")
            if "Content-Range" not in fetched.headers:
                yield _span(fetched.read(), start, end)
                return
            if not fetched.headers["Content-Range"].startswith(f"bytes {start}-"):
                raise FetchFailed("The file's origin answered with another part than it was asked for.")
            yield fetched.read()

    @asynccontextmanager
    async def borrow(self, path: str, file: RemoteFile, facts: RemoteFacts) -> AsyncIterator[Spool]:
        """A local copy that arrives while it is read, as long as the context lasts; raises what `read` raises, and StoreFull."""
        async with self.spools.borrow(*self._copy(path, file, facts)) as copy:
            yield copy

    def expect(self, path: str, file: RemoteFile, facts: RemoteFacts) -> None:
        """It will be borrowed in a moment."""
        self.spools.expect(*self._copy(path, file, facts))

    def _copy(self, path: str, file: RemoteFile, facts: RemoteFacts) -> tuple[str, Origin, str]:
        first = read_first(facts.head, facts.size_bytes)
        origin = Origin(facts.size_bytes, facts.has_ranges, lambda start, end: self.read(file, facts, start, end), facts.head, first)
        return f"{file.account}{path}\0{facts.version}", origin, PurePosixPath(path).suffix

    @asynccontextmanager
    async def _found(self, path: str, file: RemoteFile, size_bytes: int) -> AsyncIterator[Fetched]:
        async with self._ask(file, (0, size_bytes)) as fetched:
            if fetched.status in _MISSING:
                raise FileNotFound(path)
            if fetched.status not in (200, 206, 416):
                raise FetchFailed(f"The file's origin answered with the status {fetched.status}.")
            yield fetched

    @asynccontextmanager
    async def _ask(self, file: RemoteFile, byte_range: tuple[int, int]) -> AsyncIterator[Fetched]:
        sign = await self._signer.sign(file.account) if file.is_signed else None
        request = FetchRequest(byte_range=byte_range, limits=self._limits, sign=sign)
        async with self._fetcher.ask(await off_loop(file.url), request) as fetched:
            yield fetched


class Elsewhere:
    """Which originals are remote: folder settings decide."""

    def __init__(self, folders: Folders, remote: Remote) -> None:
        self._folders = folders
        self.remote = remote

    async def locate(self, account: str, path: str, query: str) -> RemoteFile | None:
        """Where a remote original is; None for those that are kept here."""
        placed = (await self._folders.tree(account)).place(path)
        return None if isinstance(placed.layer, InternalLayer) else self.remote.locate(account, path, placed, query)

    async def forwarded(self, account: str, path: str, query: str) -> str:
        """What of a query the origin of a file is asked with."""
        layer = (await self._folders.tree(account)).place(path).layer
        return forwarded(layer, query) if isinstance(layer, WebLayer) else ""


def forwarded(layer: WebLayer, query: str) -> str:
    """The part of a query that goes on to the origin, encoded."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name not in OURS and layer.forwards(name)])


async def _beginning(fetched: Fetched, size_bytes: int) -> bytes:
    """The first bytes of a body, which is read no further."""
    head = bytearray()
    if fetched.status != 416:
        async with aclosing(_span(fetched.read(), 0, size_bytes)) as pieces:
            async for piece in pieces:
                head += piece
    return bytes(head)


async def _span(pieces: AsyncIterator[bytes], start: int, end: int) -> AsyncGenerator[bytes]:
    """[start, end) of a body that begins at 0: its server knows no ranges."""
    at = 0
    async for piece in pieces:
        shown = piece[max(0, start - at) : max(0, end - at)]
        at += len(piece)
        if shown:
            yield shown
        if at >= end:
            return


def _facts(fetched: Fetched) -> RemoteFacts:
    headers = fetched.headers
    size_bytes = _size_bytes(fetched)
    told = "\0".join((headers.get("ETag", ""), headers.get("Last-Modified", ""), str(size_bytes)))
    version = REMOTE + sha256(told.encode()).hexdigest()[:32]
    return RemoteFacts(version, size_bytes, _modified_ms(headers.get("Last-Modified")), "Content-Range" in headers)


def _size_bytes(fetched: Fetched) -> int:
    # Some servers of buckets answer a range with 200.
    if fetched.status == 200 and "Content-Range" not in fetched.headers:
        if fetched.size_bytes is None:
            raise FetchFailed("The file's origin does not say how long it is.")
        return fetched.size_bytes
    total = fetched.headers.get("Content-Range", "").rpartition("/")[2]
    if not total.isdecimal():
        raise FetchFailed("The file's origin does not say how long it is.")
    return int(total)


def _modified_ms(header: str | None) -> int:
    """Where nobody says: now, so that nothing looks older than it is."""
    try:
        return int(parsedate_to_datetime(header or "").timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return time.time_ns() // 1_000_000
