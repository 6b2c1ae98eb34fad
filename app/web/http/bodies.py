"""Where bodies come from: small ones from memory, large ones from files that stay open (ENGINE 8)."""

import os
import stat
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.errors import Conflict
from app.metrics import TALLY
from app.web.http.lru import Lru
from storage.blocking import off_loop

SMALL_BODY_BYTES: Final = 256 * 1024  # segments and playlists; above it sendfile costs less than a copy
MEMORY_BYTES: Final = 64 * 2**20
OPEN_FILES: Final = 128  # well under the usual limit of 1,024 descriptors
CHANGED: Final = "The file was changed while it was being read. Ask again."


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A file's bytes. `borrow` gives a local file that holds them while the context lasts; `key` names it for `Bodies.forget`."""

    key: str
    size_bytes: int
    borrow: Callable[[], AbstractAsyncContextManager[Path]]


class OpenFile:
    """A descriptor that lives as long as somebody uses it: dropping the last reference closes it.

    So memory may forget a file that is just being sent. Reads and sendfile name their offset, hence requests can share it.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, path: Path, size_bytes: int) -> None:
        try:
            # A FIFO in somebody's library must not block us.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise Conflict(CHANGED) from error
        facts = os.fstat(self._descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != size_bytes:
            raise Conflict(CHANGED)

    def fileno(self) -> int:
        """For sendfile."""
        return self._descriptor

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Up to `size_bytes` from `offset`; blocks."""
        return os.pread(self._descriptor, size_bytes, offset)

    def __del__(self) -> None:
        """Close; the constructor may have failed before there was anything to close."""
        descriptor = getattr(self, "_descriptor", None)
        if descriptor is not None:
            os.close(descriptor)


class Bodies:
    """What this process has in memory and open. One per process; a reset calls `forget` in each."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES, open_files: int = OPEN_FILES) -> None:
        self._small: Lru[bytes] = Lru(memory_bytes, len)
        self._large: Lru[OpenFile] = Lru(open_files, lambda _: 1)

    async def read(self, body: StoredBody, etag: str) -> bytes:
        """The whole of a small body in the version `etag`; raises Conflict when the file no longer has its size."""
        key = body.key, etag
        kept = self._small.get(key)
        TALLY.served("disk" if kept is None else "memory", body.size_bytes)
        if kept is None:
            async with body.borrow() as path:
                kept = await off_loop(_read_whole, path, body.size_bytes)
            self._small.put(key, kept)
        return kept

    async def open(self, body: StoredBody, etag: str) -> OpenFile:
        """A descriptor of a large body in the version `etag`; raises Conflict like `read`."""
        key = body.key, etag
        kept = self._large.get(key)
        if kept is None:
            async with body.borrow() as path:
                kept = await off_loop(OpenFile, path, body.size_bytes)
            self._large.put(key, kept)
        return kept

    def forget(self, prefix: str) -> None:
        """Let go of everything whose store key starts with `prefix`."""
        self._small.forget(prefix)
        self._large.forget(prefix)


def _read_whole(path: Path, size_bytes: int) -> bytes:
    content = OpenFile(path, size_bytes).read(0, size_bytes)
    if len(content) != size_bytes:
        raise Conflict(CHANGED)
    return content
