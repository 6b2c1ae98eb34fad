"""How keys become file names: an object and a folder of the same name must not collide, and no name may exceed NAME_MAX.

object `talk.wav`   ->  =talk.wav
folder `talk.wav`   ->  talk.wav           (`%` in front when it begins with one of the marks)
a segment over 200 bytes is split:  >first part/ and its rest, encoded as above
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OBJECT_MARK = "="
SPLIT_MARK = ">"
ESCAPE_MARK = "%"
MARKS = (OBJECT_MARK, SPLIT_MARK, ESCAPE_MARK)

LONGEST_PIECE_BYTES = 200  # with a mark in front well below NAME_MAX (255)


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of a folder as keys see it. `sort_key` orders a folder like the keys below it."""

    name: str
    path: Path
    is_folder: bool

    @property
    def sort_key(self) -> bytes:
        """Bytes of the name as it stands in a key: a folder's goes on with '/'."""
        return (self.name + "/" if self.is_folder else self.name).encode()


def object_path(tree: Path, key: str) -> Path:
    """Where the object of a checked key lies."""
    folder, _, name = key.rpartition("/")
    return _below(folder_path(tree, folder), name, OBJECT_MARK)


def folder_path(tree: Path, key: str) -> Path:
    """Where objects below `key` lie; the empty key is the tree itself."""
    path = tree
    for segment in key.split("/") if key else ():
        path = _below(path, segment, "")
    return path


def entries(folder: Path) -> list[Entry]:
    """A folder's names in key order, split names joined; empty when it has gone."""
    return sorted(_scan(folder, ""), key=lambda entry: entry.sort_key)


def _below(folder: Path, segment: str, mark: str) -> Path:
    head, rest = _split(segment)
    if head:
        folder, segment = folder / (SPLIT_MARK + head), rest
    if not mark and segment.startswith(MARKS):
        mark = ESCAPE_MARK
    return folder / (mark + segment)


def _split(segment: str) -> tuple[str, str]:
    """Cut a long segment between characters; the first part is empty for those that fit."""
    encoded = segment.encode()
    if len(encoded) <= LONGEST_PIECE_BYTES:
        return "", segment
    head = encoded[:LONGEST_PIECE_BYTES].decode(errors="ignore")
    return head, segment[len(head) :]


def _scan(folder: Path, head: str) -> Iterator[Entry]:
    try:
        found = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for item in found:
        path = Path(item.path)
        if item.name.startswith(SPLIT_MARK):
            yield from _scan(path, item.name[1:])
        elif item.name.startswith(OBJECT_MARK):
            yield Entry(head + item.name[1:], path, is_folder=False)
        else:
            yield Entry(head + item.name.removeprefix(ESCAPE_MARK), path, is_folder=True)
