"""Originals: an account's source files, uploaded ones in the store and, for the default account, those of the library folder."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.errors import FileNotFound
from app.jobs.job import SourceVersion
from app.settings import DEFAULT_ACCOUNT
from storage.paths import check_path, resolve
from storage.store import Store

LIBRARY = "library:"
STORED = "store:"


@dataclass(frozen=True, slots=True)
class Original:
    """One source file as it is now. `version` changes whenever its bytes do; exactly one of `key` (store) and `library` is set."""

    account: str
    path: str
    version: str
    size_bytes: int
    modified_ms: int
    key: str | None = None
    library: Path | None = None


def original_key(account: str, path: str) -> str:
    """Store key of an uploaded original."""
    return f"originals/{account}{path}"


class Originals:
    """Finds and opens originals. An uploaded file hides a library file of the same path."""

    def __init__(self, store: Store, library_dir: Path | None) -> None:
        self._store = store
        self._library_dir = library_dir

    async def find(self, account: str, path: str) -> Original:
        """The original at `path`; raises FileNotFound."""
        key = original_key(account, check_path(path))
        stat = await self._store.stat(key)
        if stat is not None:
            return Original(account, path, STORED + stat.etag, stat.size_bytes, stat.modified_ms, key=key)
        if self._library_dir is not None and account == DEFAULT_ACCOUNT:
            found = await asyncio.to_thread(_find_in_library, self._library_dir, path)
            if found is not None:
                return found
        raise FileNotFound(path)

    @asynccontextmanager
    async def open(self, original: Original) -> AsyncIterator[Path]:
        """A local file with the original's bytes, for as long as the context lasts."""
        if original.library is not None:
            yield original.library
            return
        assert original.key is not None
        async with self._store.borrow(original.key) as path:
            yield path

    def is_current(self, account: str, source: SourceVersion) -> bool:
        """Whether a library file still is what a job read: one stat. True for stored files, whose replacement resets their variants."""
        if not source.version.startswith(LIBRARY) or self._library_dir is None:
            return True
        found = _find_in_library(self._library_dir, source.path)
        return found is not None and found.version == source.version

    async def put(self, account: str, path: str, file: Path) -> Original:
        """Store a local file (consumed) as an original, replacing what was there."""
        key = original_key(account, check_path(path))
        stat = await self._store.put_file(key, file)
        return Original(account, path, STORED + stat.etag, stat.size_bytes, stat.modified_ms, key=key)


def _find_in_library(root: Path, path: str) -> Original | None:
    try:
        file = resolve(root, path)
        facts = file.stat()
    except OSError:
        return None
    if not os.access(file, os.R_OK) or not file.is_file():
        return None
    return Original(
        account=DEFAULT_ACCOUNT,
        path=path,
        version=f"{LIBRARY}{facts.st_size}-{facts.st_mtime_ns}",
        size_bytes=facts.st_size,
        modified_ms=facts.st_mtime_ns // 1_000_000,
        library=file,
    )
