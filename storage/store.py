"""The Store port: keys to bytes. Every adapter passes `tests/storage/contract.py`.

A key is a '/'-separated path of non-empty segments, e.g. `artifacts/W142hJk/audio/talk.wav/!01J…/audio.mp3`. Unlike on a file
system both `x` and `x/y` may be objects. An object appears whole or not at all, and is replaced atomically.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """One stored object. `etag` is strong and unquoted: it changes whenever the bytes do. `modified_ms` is epoch milliseconds."""

    key: str
    size_bytes: int
    etag: str
    modified_ms: int


class Store(Protocol):
    """Five verbs, `borrow` for those who need a local file (FFmpeg, sendfile), and a question about room."""

    async def stat(self, key: str) -> ObjectStat | None:
        """The object's facts, or None when there is none."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) in pieces; raises ObjectMissing."""

    async def put_file(self, key: str, path: Path) -> ObjectStat:
        """Publish a local file durably under the key, replacing what was there; the local file is consumed."""

    def list(self, prefix: str) -> AsyncIterator[ObjectStat]:
        """Objects whose key starts with `prefix`, in key order."""

    async def delete(self, prefix: str) -> int:
        """Delete the object `prefix` itself and, when it ends with '/', everything under it; returns how many."""

    def borrow(self, key: str) -> AbstractAsyncContextManager[Path]:
        """A local file with the object's bytes, valid while the context lasts; raises ObjectMissing."""

    async def require_space(self, size_bytes: int) -> None:
        """Raise StoreFull when so many more bytes would eat into the reserve: asked before the work, not after it."""
