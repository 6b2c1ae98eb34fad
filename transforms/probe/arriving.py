"""Files that are still arriving: a sparse file whose bytes come while it is read (ENGINE 2).

Such a file is named `….arriving`. A reader asks the service for what it reads first, and the service answers when it is there; a child has
no network, so that is the only way. Every other file is read as ever. Who opens media or looks into its bytes does so through here.
"""

import io
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, Final, cast

SUFFIX: Final = ".arriving"

Ask = Callable[[str, int, int], tuple[int, int]]
"""Waits until the bytes [start, end) of a file are there; returns all that is there around them. Raises OSError when they will not come."""


class _Line:
    """Whom a process asks: set once, by an engine child; anybody else finds these files complete."""

    ask: Ask | None = None


def ask_with(ask: Ask) -> None:
    """Tell this process whom to ask."""
    _Line.ask = ask


def is_arriving(path: str) -> bool:
    """Whether a file may have holes."""
    return path.endswith(SUFFIX) and _Line.ask is not None


class ArrivingFile(io.RawIOBase):
    """A file that is read as it arrives. It has its full size from the beginning."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size_bytes = os.fstat(self._descriptor).st_size
        self._position = 0
        self._here: list[tuple[int, int]] = []

    @property
    def name(self) -> str:
        """What the file is called when it is complete: FFmpeg takes a hint from the ending."""
        return self._path.removesuffix(SUFFIX)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go somewhere: costs nothing before something is read there."""
        begins = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}[whence]
        self._position = max(0, begins + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, when they have arrived. Raises OSError when they will not."""
        start = self._position
        end = self._size_bytes if size is None or size < 0 else min(start + size, self._size_bytes)
        if start >= end:
            return b""
        self._await(start, end)
        content = os.pread(self._descriptor, end - start, start)
        self._position += len(content)
        return content

    def readinto(self, buffer: object) -> int:
        """The same into a buffer."""
        view = memoryview(cast(bytearray, buffer))
        content = self.read(len(view))
        view[: len(content)] = content
        return len(content)

    def fileno(self) -> int:
        """Its descriptor."""
        return self._descriptor

    def close(self) -> None:
        """Close it; may be repeated."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()

    def _await(self, start: int, end: int) -> None:
        if any(first <= start and end <= last for first, last in self._here):
            return
        assert _Line.ask is not None
        first, last = _Line.ask(self._path, start, end)
        near = [each for each in self._here if each[0] <= last and first <= each[1]]
        firsts, lasts = zip(*near, (first, last), strict=True)
        self._here = [*(each for each in self._here if each not in near), (min(firsts), max(lasts))]


def open_bytes(path: str) -> BinaryIO:
    """A media file for reading its bytes."""
    return io.BufferedReader(ArrivingFile(path)) if is_arriving(path) else open(path, "rb")


@contextmanager
def mapped(path: str) -> Iterator[mmap.mmap]:
    """All bytes of a media file, which is waited for; not for empty ones."""
    with open_bytes(path) as file:
        if is_arriving(path):
            assert _Line.ask is not None
            _Line.ask(path, 0, os.fstat(file.fileno()).st_size)
        with closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as content:
            yield content
