"""An account's files: published with what is known about them, described, copied and deleted. Whatever changes resets its variants."""

import filecmp
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.errors import FileAlreadyExists, FileNotFound, Unauthorized
from app.files.claims import Claims
from app.files.folders import Folders
from app.files.index import FileIndex
from app.files.layers import InternalLayer
from app.files.originals import Original, Originals, original_key
from app.files.records import Described, FileRecord
from app.jobs.retention import Retention
from storage.blocking import off_loop
from storage.room import failing_when_full
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Shelf:
    """What files are kept with."""

    store: Store
    originals: Originals
    index: FileIndex
    folders: Folders
    retention: Retention
    claims: Claims
    scratch_dir: Path


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy's description is made of: new values, merged into the original's or in place of them; None leaves them."""

    metadata: Mapping[str, Any] | None = None
    merge_metadata: bool = False
    tags: tuple[str, ...] | None = None
    merge_tags: bool = False

    def apply(self, to: Described) -> Described:
        """The description of the copy."""
        metadata, tags = to.metadata, to.tags
        if self.metadata is not None:
            metadata = {**to.metadata, **self.metadata} if self.merge_metadata else self.metadata
        if self.tags is not None:
            tags = tuple(dict.fromkeys((*to.tags, *self.tags))) if self.merge_tags else self.tags
        return replace(to, metadata=metadata, tags=tags)


class Files:
    """The files of all accounts."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def details(self, account: str, path: str, query: str = "") -> FileRecord:
        """A file as it is now; raises FileNotFound. The bytes are asked, not only the row: it may be a moment behind them.

        `query`: what a remote folder's origin is asked with, as in `Originals.asked_with`.
        """
        return await self._details(await self._shelf.originals.asked_with(query).find(account, path))

    async def check_destination(self, account: str, path: str, *, may_overwrite: bool) -> None:
        """Raise FileAlreadyExists, or Unauthorized in a read-only folder: asked before bytes are taken."""
        placed = (await self._shelf.folders.tree(account)).place(path)
        if not isinstance(placed.layer, InternalLayer):
            raise Unauthorized(f"The folder '{placed.folder_path}' is read only: its files are kept elsewhere.")
        if not may_overwrite and await self._exists(account, path):
            raise FileAlreadyExists(f"There is a file at '{path}' already, and this key may not overwrite it.")

    async def publish(self, account: str, path: str, file: Path, described: Described, *, may_overwrite: bool) -> FileRecord:
        """Store a local file (consumed) as an original, with its row; replacing one resets the variants made from it.

        Raises what `check_destination` raises. Without `may_overwrite` the first of those that race wins, in whatever process they are.
        """
        async with self._shelf.claims.held(account, path):
            await self.check_destination(account, path, may_overwrite=may_overwrite)
            original = await self._shelf.originals.put(account, path, file)
            return await self._record(original, described)

    async def require_space(self, size_bytes: int) -> None:
        """Raise StoreFull when so many more bytes are too many."""
        await self._shelf.store.require_space(size_bytes)

    async def adopt(self, account: str, path: str, described: Described) -> FileRecord:
        """Write the row of bytes that are stored already: a crash has come between. Raises FileNotFound."""
        async with self._shelf.claims.held(account, path):
            return await self._record(await self._shelf.originals.find(account, path), described)

    async def holds(self, account: str, path: str, file: Path) -> bool:
        """Whether the file at `path` has the same bytes as a local one; raises FileNotFound."""
        original = await self._shelf.originals.find(account, path)
        async with self._shelf.originals.open(original) as there:
            return await off_loop(filecmp.cmp, there, file, shallow=False)

    async def copy(self, account: str, source: str, destination: str, copied: Copied, *, may_overwrite: bool) -> FileRecord:
        """A second file of the same bytes; raises FileNotFound and what `publish` raises."""
        original = await self._shelf.originals.find(account, source)
        await self.check_destination(account, destination, may_overwrite=may_overwrite)
        await self.require_space(original.size_bytes)
        record = await self._details(original)
        described = Described(record.mime or Described().mime, record.original_name, record.metadata, record.tags)
        with TemporaryDirectory(dir=self._shelf.scratch_dir, prefix="copy-") as folder:
            copy = Path(folder) / "copy"
            async with self._shelf.originals.open(original) as path:
                with failing_when_full():
                    await off_loop(shutil.copyfile, path, copy)
            return await self.publish(account, destination, copy, copied.apply(described), may_overwrite=may_overwrite)

    async def delete(self, account: str, path: str) -> None:
        """Delete a stored file and everything made from it; raises FileNotFound, and Unauthorized for read-only files.

        May be said again when a crash has come between: as long as its row is there, the rest is done.
        """
        with suppress(FileNotFound):
            if (await self._shelf.originals.find(account, path)).key is None:
                raise Unauthorized(f"The file '{path}' is read only: it is not kept by this service.")
        async with self._shelf.claims.held(account, path):
            gone = await self._shelf.store.delete(original_key(account, path))
            if not gone and await self._shelf.index.get(account, path) is None:
                raise FileNotFound(path)
            await self._shelf.retention.retire_path(account, path)
            await self._shelf.index.delete(account, path)

    async def _exists(self, account: str, path: str) -> bool:
        try:
            await self._shelf.originals.find(account, path)
        except FileNotFound:
            return False
        return True

    async def _details(self, original: Original) -> FileRecord:
        record = FileRecord(original.path, original.version, original.size_bytes, original.modified_ms)
        row = await self._shelf.index.get(original.account, original.path) if original.key is not None else None
        if row is None:
            return record
        return replace(row, etag=record.etag, size_bytes=record.size_bytes, modified_ms=record.modified_ms)

    async def _record(self, original: Original, described: Described) -> FileRecord:
        record = FileRecord(
            path=original.path,
            etag=original.version,
            size_bytes=original.size_bytes,
            modified_ms=original.modified_ms,
            mime=described.mime,
            original_name=described.original_name,
            metadata=described.metadata,
            tags=described.tags,
        )
        await self._shelf.index.put(original.account, record)
        await self._shelf.retention.retire_path(original.account, original.path)
        return record
