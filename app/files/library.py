"""The library folder walked in path order: its files appear in the default account's listings without being stored."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from app.files.records import FileRecord
from storage.errors import InvalidKey
from storage.paths import check_path, resolve


def library_files(root: Path, prefix: str, position: str, limit: int) -> list[FileRecord]:
    """Like `FileIndex.from_position`, for readable files below `root`. Blocks."""
    return list(islice(_walk(root, prefix, position), limit))


def library_version(facts: os.stat_result) -> str:
    """What changes when a library file does."""
    return f"{facts.st_size}-{facts.st_mtime_ns}"


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
        file = resolve(root, check_path(path))
        facts = file.stat()
    except (OSError, InvalidKey):
        return None
    if not file.is_file() or not os.access(file, os.R_OK):
        return None
    return FileRecord(path, "library:" + library_version(facts), facts.st_size, facts.st_mtime_ns // 1_000_000)
