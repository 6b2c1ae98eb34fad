"""The library folder walked in path order: its files appear in the default account's listings without being stored."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from app.files.records import FileRecord
from storage.errors import InvalidKey
from storage.paths import check_path, resolve

LIBRARY: Final = "library:"
"""What the versions of library files begin with."""


def library_files(root: Path, prefix: str, position: str, limit: int) -> list[FileRecord]:
    """Like `FileIndex.from_position`, for readable files below `root`. Blocks."""
    return list(islice(_walk(root, prefix, position), limit))


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """A readable file of the library. `version` changes when it does."""

    file: Path
    version: str
    size_bytes: int
    modified_ms: int


def find_in_library(root: Path, path: str) -> LibraryFile | None:
    """The file at a checked path below `root`; None where there is none that may be read. Blocks."""
    try:
        file = resolve(root, path)
        facts = file.stat()
    except OSError:
        return None
    if not file.is_file() or not os.access(file, os.R_OK):
        return None
    return LibraryFile(file, f"{LIBRARY}{facts.st_size}-{facts.st_mtime_ns}", facts.st_size, facts.st_mtime_ns // 1_000_000)


def unchanged_facts(version: str) -> tuple[int, int]:
    """The size and the time of change in ns that a file of this version has."""
    size_bytes, modified_ns = version.removeprefix(LIBRARY).split("-")
    return int(size_bytes), int(modified_ns)


def _walk(root: Path, prefix: str, position: str) -> Iterator[FileRecord]:
    for name, is_folder in _entries(root, prefix):
        path = prefix + name
        if is_folder and path + "0" > position:  # '0' follows '/': nothing in the folder comes after it
            yield from _walk(root, path + "/", position)
        elif not is_folder and path >= position:
            record = _record(root, path)
            if record is not None:
                yield record


def _entries(root: Path, prefix: str) -> list[tuple[str, bool]]:
    """Names of a folder in the order of the paths below them."""
    try:
        folder = root if prefix == "/" else resolve(root, prefix[:-1])
        with os.scandir(folder) as found:
            entries = [(entry.name, entry.is_dir()) for entry in found]
    except (OSError, InvalidKey):
        return []
    return sorted(entries, key=lambda entry: entry[0] + "/" if entry[1] else entry[0])


def _record(root: Path, path: str) -> FileRecord | None:
    try:
        found = find_in_library(root, check_path(path))
    except InvalidKey:
        return None
    return None if found is None else FileRecord(path, found.version, found.size_bytes, found.modified_ms)
