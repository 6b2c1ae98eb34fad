"""A file that is written in parts, concurrently and out of order, and becomes whole in one step: nothing is copied at the end.

Writers share a lock on the file; whoever settles it takes the lock alone, so that nobody still writes into what is published.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from storage.durable import make_folders
from storage.errors import ObjectMissing
from storage.room import failing_when_full


class StillWriting(Exception):
    """Somebody writes a part at this moment."""


class Assemblies:
    """Files being assembled, one folder each below `root`, on the file system of the store: publishing is a rename."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, name: str) -> Path:
        """Where the file of this name is assembled."""
        return self._root / name / "content"

    def create(self, name: str) -> None:
        """An empty file; blocks."""
        make_folders(self._root / name)
        self.path(name).touch()

    def exists(self, name: str) -> bool:
        """Whether it is here, not published and not dropped."""
        return self.path(name).exists()

    def drop(self, name: str) -> None:
        """Take away whatever is left; blocks."""
        shutil.rmtree(self._root / name, ignore_errors=True)

    @contextmanager
    def settled(self, name: str) -> Iterator[Path]:
        """The file with nobody writing; raises StillWriting and ObjectMissing. Blocks."""
        descriptor = _open(self.path(name))
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StillWriting from error
            yield self.path(name)
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        """Everything that is being assembled; blocks."""
        return sorted(os.listdir(self._root)) if self._root.is_dir() else []


class PartWriter:
    """Writes one part from its `start`, up to `size_bytes`. For `with`; every method blocks."""

    def __init__(self, path: Path, start: int, size_bytes: int) -> None:
        self._path = path
        self._start = start
        self.left_bytes = size_bytes
        self._size_bytes = size_bytes

    def __enter__(self) -> Self:
        """Open, sharing the lock with other writers; raises StillWriting while somebody settles the file, and ObjectMissing."""
        self._descriptor = _open(self._path)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise StillWriting from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close and unlock."""
        os.close(self._descriptor)

    def write(self, piece: bytes) -> None:
        """The next bytes; raises StoreFull, and ValueError for more than the part has."""
        if len(piece) > self.left_bytes:
            raise ValueError("more bytes than the part has")
        offset = self._start + self._size_bytes - self.left_bytes
        with failing_when_full():
            while piece:
                written = os.pwrite(self._descriptor, piece, offset)
                self.left_bytes -= written
                offset += written
                piece = piece[written:]

    def sync(self) -> None:
        """Make what was written durable; raises StoreFull."""
        with failing_when_full():
            os.fsync(self._descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ObjectMissing("This upload is not there any more.") from error
