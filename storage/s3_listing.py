"""How objects are named in a bucket, and how they are listed in key order.

The names are those of the disk store (`disk_names`), so that a tree can be copied between the two, and so that servers that keep objects
as files (MinIO, rclone) can hold both `x` and `x/y`. Their order is not that of the keys: a listing goes folder by folder.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from storage.disk_names import ESCAPE_MARK, OBJECT_MARK, SPLIT_MARK, folder_path, object_path
from storage.store import ObjectStat

_TOP: Final = Path()


class Place(NamedTuple):
    """A bucket as one client sees it; `prefix` is empty or ends with '/'."""

    client: Any
    bucket: str
    prefix: str

    def object_name(self, key: str) -> str:
        """What an object is called in the bucket."""
        return f"{self.prefix}{object_path(_TOP, key)}"

    def folder_name(self, key: str) -> str:
        """What the names of everything below a folder begin with; the empty key is the whole store."""
        return f"{self.prefix}{folder_path(_TOP, key)}/" if key else self.prefix


class _Entry(NamedTuple):
    """One name of a folder as keys see it; `stat` is None for a folder, whose `place` is the name it has in the bucket."""

    name: str
    place: str
    stat: dict[str, Any] | None

    @property
    def sort_key(self) -> bytes:
        return (self.name + "/" if self.stat is None else self.name).encode()


def walk(place: Place, prefix: str) -> Iterator[ObjectStat]:
    """Objects whose key begins with `prefix`, in key order. Blocks."""
    folder = prefix.rpartition("/")[0]
    yield from _walk(place, place.folder_name(folder), f"{folder}/" if folder else "", prefix)


def names_below(place: Place, folder: str) -> Iterator[str]:
    """Names in the bucket of everything below a folder, in no order of keys. Blocks."""
    pages = place.client.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.folder_name(folder))
    for page in pages:
        yield from (found["Key"] for found in page.get("Contents", ()))


def facts(key: str, size_bytes: int, answer: dict[str, Any]) -> ObjectStat:
    """An object as S3 describes it."""
    return ObjectStat(key, size_bytes, answer["ETag"].strip('"'), int(answer["LastModified"].timestamp() * 1000))


def _walk(place: Place, name: str, above: str, prefix: str) -> Iterator[ObjectStat]:
    for entry in sorted(_entries(place, name, ""), key=lambda entry: entry.sort_key):
        key = above + entry.name
        if entry.stat is not None:
            if key.startswith(prefix):
                yield facts(key, entry.stat["Size"], entry.stat)
        elif (key + "/").startswith(prefix) or prefix.startswith(key + "/"):
            yield from _walk(place, entry.place, key + "/", prefix)


def _entries(place: Place, folder: str, head: str) -> Iterator[_Entry]:
    """The names directly in a folder; those that are split are put together."""
    pages = place.client.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=folder, Delimiter="/")
    for page in pages:
        for found in page.get("Contents", ()):
            name = found["Key"][len(folder) :]
            if name.startswith(OBJECT_MARK):
                yield _Entry(head + name[1:], found["Key"], found)
        for inner in page.get("CommonPrefixes", ()):
            name = inner["Prefix"][len(folder) : -1]
            if name.startswith(SPLIT_MARK):
                yield from _entries(place, inner["Prefix"], name[1:])
            else:
                yield _Entry(head + name.removeprefix(ESCAPE_MARK), inner["Prefix"], None)
