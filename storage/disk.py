"""The Store on a local disk: one file per object, published by rename, deleted a folder at a time.

{root}/tree/…            the objects (names: disk_names)
{root}/aside/{program}/  files on their way in, folders on their way out; what the dead left here is swept at start
"""

import errno
import os
import stat as modes
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from pathlib import Path

from storage.aside import Aside
from storage.blocking import off_loop, to_its_end
from storage.disk_names import entries, folder_path, object_path
from storage.durable import make_folders, publish, publish_copy, remove_empty_folders, remove_tree, sync_folder
from storage.errors import InvalidKey, ObjectMissing, StoreUnavailable
from storage.paths import check_key
from storage.room import failing_when_full, require_room
from storage.store import ObjectStat

PIECE_BYTES = 256 * 1024
LISTED_AT_ONCE = 500


class DiskStore:
    """Objects under one folder. `reserve_bytes` of the disk stay free: what would eat into them is refused before it is written."""

    def __init__(self, root: Path, reserve_bytes: int = 0) -> None:
        self._tree = root / "tree"
        self._reserve_bytes = reserve_bytes
        make_folders(self._tree)
        self._aside = Aside(root / "aside")

    def close(self) -> None:
        """Leave nothing aside."""
        self._aside.close()

    async def stat(self, key: str) -> ObjectStat | None:
        """The object's facts, or None when there is none."""
        path = object_path(self._tree, check_key(key))
        with _translated(key):
            try:
                return _facts(key, await off_loop(os.stat, path))
            except FileNotFoundError:
                return None

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) in pieces; raises ObjectMissing."""
        path = object_path(self._tree, check_key(key))
        with _translated(key):
            file = await off_loop(open, path, "rb", 0)
            with file:
                file.seek(start)
                left = os.fstat(file.fileno()).st_size - start if end is None else end - start
                while left > 0 and (piece := await to_its_end(off_loop(file.read, min(PIECE_BYTES, left)))):
                    left -= len(piece)
                    yield piece

    async def put_file(self, key: str, path: Path) -> ObjectStat:
        """Publish a local file durably under the key, replacing what was there; the local file is consumed."""
        target = object_path(self._tree, check_key(key))
        with _translated(key):
            return _facts(key, await to_its_end(off_loop(self._put, path, target)))

    async def list(self, prefix: str) -> AsyncIterator[ObjectStat]:
        """Objects whose key starts with `prefix`, in key order."""
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        found = _walk(folder_path(self._tree, folder), f"{folder}/" if folder else "", prefix)
        with _translated(prefix):
            while batch := await off_loop(lambda: list(islice(found, LISTED_AT_ONCE))):
                for one in batch:
                    yield one

    async def delete(self, prefix: str) -> int:
        """Delete the object `prefix`, or everything under it when it ends with '/'; returns how many."""
        check_key(prefix.removesuffix("/"))
        with _translated(prefix):
            return await off_loop(self._delete_folder if prefix.endswith("/") else self._delete_object, prefix)

    @asynccontextmanager
    async def borrow(self, key: str) -> AsyncIterator[Path]:
        """The object's own file: do not write to it. Raises ObjectMissing."""
        path = object_path(self._tree, check_key(key))
        with _translated(key):
            await off_loop(os.stat, path)
        yield path

    async def require_space(self, size_bytes: int) -> None:
        """Raise StoreFull when writing so many bytes would eat into the reserve: ask before the work, not after it."""
        await off_loop(require_room, self._tree, size_bytes, self._reserve_bytes)

    def _put(self, source: Path, target: Path) -> os.stat_result:
        facts = os.lstat(source)
        if not modes.S_ISREG(facts.st_mode):
            raise ValueError("only a plain file can be put into the store")
        if facts.st_dev == os.stat(self._tree).st_dev:
            return publish(source, target)
        # A rename needs no space, a copy does.
        require_room(self._tree, facts.st_size, self._reserve_bytes)
        return publish_copy(source, self._aside.new(), target)

    def _delete_object(self, key: str) -> int:
        path = object_path(self._tree, key)
        try:
            path.unlink()
        except FileNotFoundError:
            return 0
        sync_folder(path.parent)
        remove_empty_folders(path.parent, self._tree)
        return 1

    def _delete_folder(self, prefix: str) -> int:
        """Everything vanishes in one rename, whoever is writing; the files themselves go afterwards."""
        folder = folder_path(self._tree, prefix[:-1])
        gone = self._aside.new()
        try:
            folder.rename(gone)
        except FileNotFoundError:
            return 0
        sync_folder(folder.parent)
        remove_empty_folders(folder.parent, self._tree)
        count = sum(1 for _ in _walk(gone, "", ""))
        remove_tree(gone)
        return count


def _walk(folder: Path, above: str, prefix: str) -> Iterator[ObjectStat]:
    """Objects below `folder`, whose keys begin with `above`, as far as they begin with `prefix` too."""
    for entry in entries(folder):
        key = above + entry.name
        if entry.is_folder:
            inside = key + "/"
            if inside.startswith(prefix) or prefix.startswith(inside):
                yield from _walk(entry.path, inside, prefix)
        elif key.startswith(prefix):
            try:
                yield _facts(key, entry.path.stat())
            except FileNotFoundError:
                continue  # deleted while we looked


def _facts(key: str, facts: os.stat_result) -> ObjectStat:
    """The ETag costs one stat: a replaced object has another inode while the old one exists, and a new time in any case."""
    etag = f"{facts.st_ino:x}-{facts.st_size:x}-{facts.st_mtime_ns:x}"
    return ObjectStat(key, facts.st_size, etag, facts.st_mtime_ns // 1_000_000)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    """The operating system's errors as ours, without its paths."""
    try:
        with failing_when_full():
            yield
    except FileNotFoundError as error:
        raise ObjectMissing(f"There is no object '{key}'.") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InvalidKey("The key is too long for this store.") from error
        raise StoreUnavailable("The store's disk did not answer as it should.") from error
