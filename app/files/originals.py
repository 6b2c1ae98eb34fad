"""Originals: an account's source files, uploaded ones in the store and, for the default account, those of the library folder."""

import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import FileNotFound, RequestTooLarge
from app.files.library import LIBRARY, find_in_library, unchanged_facts
from app.files.remote import Elsewhere, RemoteFacts, RemoteFile
from app.jobs.job import SourceVersion
from app.settings import DEFAULT_ACCOUNT
from storage.blocking import off_loop
from storage.paths import check_path
from storage.spool import Spool
from storage.spools import EarlyStore
from storage.store import Store

STORED = "store:"


@dataclass(frozen=True, slots=True)
class Original:
    """One source file as it is now. `version` changes whenever its bytes do.

    Exactly one of `key` (store), `library` and `remote` (kept elsewhere) is set. `has_ranges`: whether a remote one comes in parts,
    `head`: its beginning, where it was asked for.
    """

    account: str
    path: str
    version: str
    size_bytes: int
    modified_ms: int
    key: str | None = None
    library: Path | None = None
    remote: RemoteFile | None = None
    has_ranges: bool = True
    head: bytes = field(default=b"", repr=False)

    @property
    def remote_facts(self) -> RemoteFacts:
        """What a remote file was found to be."""
        return RemoteFacts(self.version, self.size_bytes, self.modified_ms, self.has_ranges, self.head)


@dataclass(frozen=True, slots=True)
class OpenOriginal:
    """A local file of the original's full size. With a `spool` its bytes may still be arriving: engine children know, others wait first."""

    file: Path
    spool: Spool | None = None

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.file if self.spool is None else self.spool.path

    async def want(self, start: int, end: int) -> None:
        """Wait until the bytes [start, end) are there; raises Conflict, FetchError and StoreFull."""
        if self.spool is not None:
            await self.spool.want(start, end)

    async def whole(self) -> Path:
        """Wait until all bytes are there."""
        return self.file if self.spool is None else await self.spool.whole()


def original_key(account: str, path: str) -> str:
    """Store key of an uploaded original."""
    return f"originals/{account}{path}"


class Originals:
    """Finds and opens originals. An uploaded file hides a library file of the same path.

    With `elsewhere`, files of folders whose storage layer is not ours come from there. `max_bytes`: the largest that is transformed.
    """

    def __init__(self, store: Store, library_dir: Path | None, elsewhere: Elsewhere | None = None, max_bytes: int = sys.maxsize) -> None:
        self.max_bytes = max_bytes
        self._store = store
        self._library_dir = library_dir
        self._elsewhere = elsewhere
        self._query = ""

    def asked_with(self, query: str) -> "Originals":
        """The same originals for what a client's URL was asked with, of which layers elsewhere may forward parts."""
        if self._elsewhere is None or not query:
            return self
        asked = copy(self)
        asked._query = query
        return asked

    def check_size(self, original: Original) -> None:
        """Raise RequestTooLarge for one that is too large to be transformed."""
        if original.size_bytes > self.max_bytes:
            raise RequestTooLarge(f"'{original.path}' has {original.size_bytes} bytes; {self.max_bytes} are allowed.")

    async def require_space(self, size_bytes: int) -> None:
        """Raise StoreFull when so many bytes more, beside the store, are too many."""
        await self._store.require_space(size_bytes)

    async def forwarded(self, account: str, path: str, query: str) -> str:
        """The part of a query that the origin of this file is asked with, encoded; empty for files that are kept here."""
        return "" if self._elsewhere is None or not query else await self._elsewhere.forwarded(account, path, query)

    async def find(self, account: str, path: str, *, to_read: bool = False) -> Original:
        """The original at `path`; raises FileNotFound, and FetchError where a remote folder does not answer.

        `to_read`: its beginning will be read at once, and what was known of it a second ago is good enough.
        """
        key = original_key(account, check_path(path))
        if self._elsewhere is not None and (remote := await self._elsewhere.locate(account, path, self._query)) is not None:
            ask = self._elsewhere.remote.facts_to_read if to_read else self._elsewhere.remote.facts
            return _from_elsewhere(account, path, remote, await ask(path, remote))
        stat = await self._store.stat(key)
        if stat is not None:
            return Original(account, path, STORED + stat.etag, stat.size_bytes, stat.modified_ms, key=key)
        if self._library_dir is not None and account == DEFAULT_ACCOUNT:
            found = await off_loop(find_in_library, self._library_dir, path)
            if found is not None:
                return Original(account, path, found.version, found.size_bytes, found.modified_ms, library=found.file)
        raise FileNotFound(path)

    def expect(self, original: Original) -> None:
        """A job will read it in a moment, probably here: what is elsewhere is fetched from now on."""
        if original.remote is not None and self._elsewhere is not None:
            self._elsewhere.remote.expect(original.path, original.remote, original.remote_facts)

    @asynccontextmanager
    async def open(self, original: Original) -> AsyncIterator[Path]:
        """A local file with the original's bytes, for as long as the context lasts; raises Conflict, FetchError and StoreFull."""
        if original.key is not None:
            async with self._store.borrow(original.key) as path:
                yield path
            return
        async with self.open_early(original) as opened:
            yield await opened.whole()

    @asynccontextmanager
    async def open_early(self, original: Original) -> AsyncIterator[OpenOriginal]:
        """The same at once, while the bytes still arrive."""
        if original.library is not None:
            yield OpenOriginal(original.library)
            return
        if original.remote is not None:
            assert self._elsewhere is not None
            async with self._elsewhere.remote.borrow(original.path, original.remote, original.remote_facts) as spool:
                yield OpenOriginal(spool.path, spool)
            return
        assert original.key is not None
        if self._elsewhere is not None and isinstance(self._store, EarlyStore):
            async with self._store.borrow_early(original.key, self._elsewhere.remote.spools) as lent:
                yield OpenOriginal(lent.path, lent) if isinstance(lent, Spool) else OpenOriginal(lent)
            return
        async with self._store.borrow(original.key) as path:
            yield OpenOriginal(path)

    @asynccontextmanager
    async def read_remote(self, original: Original, start: int, end: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes [start, end) of a remote original as they arrive; raises Conflict and FetchError."""
        assert self._elsewhere is not None
        assert original.remote is not None
        async with self._elsewhere.remote.read(original.remote, original.remote_facts, start, end) as pieces:
            yield pieces

    def is_current(self, account: str, source: SourceVersion) -> bool:
        """Whether a library file still is what a job read: one stat. True for stored files, whose replacement resets their variants."""
        if not source.version.startswith(LIBRARY) or self._library_dir is None:
            return True
        found = find_in_library(self._library_dir, source.path)
        return found is not None and found.version == source.version

    def library_files(self, sources: Iterable[SourceVersion]) -> tuple[tuple[Path, int, int], ...]:
        """The library's files among the sources, with the size and the time of change in ns that they must still have."""
        return tuple(
            (self._library_dir.joinpath(source.path.lstrip("/")), *unchanged_facts(source.version))
            for source in sources
            if self._library_dir is not None and source.version.startswith(LIBRARY)
        )

    async def put(self, account: str, path: str, file: Path) -> Original:
        """Store a local file (consumed) as an original, replacing what was there."""
        key = original_key(account, check_path(path))
        stat = await self._store.put_file(key, file)
        return Original(account, path, STORED + stat.etag, stat.size_bytes, stat.modified_ms, key=key)


def _from_elsewhere(account: str, path: str, remote: RemoteFile, facts: RemoteFacts) -> Original:
    return Original(
        account=account,
        path=path,
        version=facts.version,
        size_bytes=facts.size_bytes,
        modified_ms=facts.modified_ms,
        remote=remote,
        has_ranges=facts.has_ranges,
        head=facts.head,
    )
