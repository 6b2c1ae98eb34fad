"""A folder's contents, page by page: files and the folders between them, found by walking paths in order.

A position is the first path that may come next. Behind a folder's name it lies after everything in that folder ('0' is the character
after '/'), so that a folder of 100,000 files is stepped over with one query.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from app.files.folders import below_prefix
from app.files.records import FileRecord

Walk = Callable[[str, str, int], Awaitable[list[FileRecord]]]
"""(prefix, position, limit) → files in byte order of their paths. A path that ends with '/' stands for an empty folder."""

FIRST_STEP: Final = 16  # rows read after a jump over a folder: the next ones may be jumped over as well


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. `items` are files, and folders as their paths; `position` is where the next page begins."""

    items: tuple[FileRecord | str, ...]
    position: str
    is_last: bool


async def list_page(walk: Walk, folder_path: str, position: str | None, limit: int, recursive: bool) -> Listing:
    """The next `limit` items of a folder."""
    prefix = below_prefix(folder_path)
    reader = _Reader(prefix, position or prefix, recursive)
    items: list[FileRecord | str] = []
    ends: list[str] = []
    step = limit + 1
    while len(items) <= limit:
        found = await walk(prefix, reader.position, step)
        for record in found:
            for item in reader.read(record):
                items.append(item)
                ends.append(reader.position)
        if len(found) < step:
            break
        jumped = reader.position != _after(found[-1].path)
        step = FIRST_STEP if jumped else min(step * 2, limit + 1)
    shown = items[:limit]
    end = ends[len(shown) - 1] if shown else reader.position
    return Listing(tuple(shown), end, is_last=len(items) <= limit)


class _Reader:
    """Turns paths into items and remembers where it stands."""

    def __init__(self, prefix: str, position: str, recursive: bool) -> None:
        self._prefix = prefix
        self._recursive = recursive
        self.position = position

    def read(self, record: FileRecord) -> Iterator[FileRecord | str]:
        """The items that a path brings: folders that were not seen yet, and the file itself."""
        if record.path < self.position:
            return
        if not self._recursive:
            yield self._direct(record)
            return
        for folder in _folders_of(record.path, self._prefix):
            if folder >= self.position:
                self.position = _after(folder)
                yield folder[:-1]
        if not record.path.endswith("/"):
            self.position = _after(record.path)
            yield record

    def _direct(self, record: FileRecord) -> FileRecord | str:
        name, slash, _ = record.path[len(self._prefix) :].partition("/")
        if slash:
            self.position = self._prefix + name + chr(ord("/") + 1)
            return self._prefix + name
        self.position = _after(record.path)
        return record


def _after(path: str) -> str:
    """The least path that is greater: no path holds a NUL."""
    return path + "\x01"


def _folders_of(path: str, prefix: str) -> Iterator[str]:
    """The folders between `prefix` and a path, with '/' at their ends, from the top down."""
    at = path.find("/", len(prefix))
    while at >= 0:
        yield path[: at + 1]
        at = path.find("/", at + 1)
