"""Listings: every page of every folder against a plain model, and the library's beside the stored ones."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from app.files.buckets import BucketListing
from app.files.contents import Contents, Page
from app.files.folders import Folders
from app.files.index import FileIndex
from app.files.listing import list_page
from app.files.records import FileRecord
from app.files.tables import files
from app.signing.sealing import Sealing
from storage.db import Database
from storage.fetch.fetcher import Fetcher
from storage.fetch.urls import Rules
from tests.service import ACCOUNT

SEGMENT = st.text("ab-0/ .\x01", min_size=1, max_size=3).filter(lambda text: "/" not in text)
PATHS = st.lists(st.lists(SEGMENT, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts)), max_size=25, unique=True)


def record(path: str) -> FileRecord:
    return FileRecord(path, "e", 1, 2)


def model(paths: list[str], folder: str, recursive: bool) -> list[str]:
    """What a listing holds: folders end with '/', everything in the order of its key."""
    prefix = folder.rstrip("/") + "/"
    found = set()
    for path in paths:
        if not path.startswith(prefix):
            continue
        rest = path[len(prefix) :].split("/")
        folders = {prefix + "/".join(rest[:depth]) + "/" for depth in range(1, len(rest))}
        found |= folders if recursive else {each for each in folders if each.count("/") == prefix.count("/") + 1}
        if recursive or len(rest) == 1:
            found.add(path)
    return sorted(found)


async def every_page(paths: list[str], folder: str, limit: int, recursive: bool) -> list[str]:
    async def walk(prefix: str, position: str, count: int) -> list[FileRecord]:
        return [record(path) for path in sorted(paths) if path.startswith(prefix) and path >= position][:count]

    found: list[str] = []
    position = None
    while True:
        listing = await list_page(walk, folder, position, limit, recursive)
        assert len(listing.items) == limit or listing.is_last
        found += [item.path if isinstance(item, FileRecord) else item + "/" for item in listing.items]
        if listing.is_last:
            return found
        position = listing.position


ODD = ["/a/b", "/a/b0", "/a-b", "/a.b", "/a b/c", "/a/b/c", "/a/ü", "/a/Z", "/a/z", "/a0", "/ä/x", "/\U0001f600/x", "/\uffff"]


@pytest.mark.parametrize("recursive", [False, True])
async def test_the_index_walks_in_byte_order(database: Database, recursive: bool) -> None:
    """On every database, whatever language it sorts by otherwise."""
    await put(database, [record(path) for path in ODD])
    index = FileIndex(database)
    found: list[str] = []
    position = None
    while True:
        listing = await list_page(lambda *at: index.from_position(ACCOUNT, *at), "/", position, 2, recursive)
        found += [item.path if isinstance(item, FileRecord) else item + "/" for item in listing.items]
        if listing.is_last:
            break
        position = listing.position
    assert found == model(ODD, "/", recursive)


@given(PATHS, st.sampled_from(["/", "/a", "/a/b", "/-"]), st.integers(1, 7), st.booleans())
async def test_pages_hold_everything_once_and_in_order(paths: list[str], folder: str, limit: int, recursive: bool) -> None:
    assert await every_page(paths, folder, limit, recursive) == model(paths, folder, recursive)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await opened.migrate()
    yield opened
    await opened.close()


async def put(database: Database, records: list[FileRecord]) -> None:
    described = {"etag": "e", "size_bytes": 1, "mime": "", "metadata": {}, "tags": [], "modified_ms": 2}
    async with database.write() as connection:
        await connection.execute(insert(files), [{"account": ACCOUNT, "path": each.path, **described} for each in records])


async def test_library_files_are_listed_beside_stored_ones(database: Database, tmp_path: Path) -> None:
    library = tmp_path / "library"
    (library / "a").mkdir(parents=True)
    for name in ("b.mp3", "a/x.mp3", "a/y.mp3"):
        (library / name).write_bytes(b"1234")
    (library / "out").symlink_to("/etc/hostname")
    index = FileIndex(database)
    await put(database, [record("/a/x.mp3"), record("/c.mp3")])
    contents = Contents(index, Folders(database, Sealing(bytes(32))), BucketListing(Fetcher(Rules(())), Sealing(bytes(32))), library)
    listing, _ = await contents.page("W142hJk", Page("/", "", 10, True))
    shown = [item if isinstance(item, str) else (item.path, item.size_bytes) for item in listing.items]
    assert shown == ["/a", ("/a/x.mp3", 1), ("/a/y.mp3", 4), ("/b.mp3", 4), ("/c.mp3", 1)]
    other, _ = await contents.page("2222222", Page("/", "", 10, True))
    assert other.items == ()
