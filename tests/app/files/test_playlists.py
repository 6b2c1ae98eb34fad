"""HLS originals: what a list may have joined, and how much of it."""

import tracemalloc
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.files.folders import Folders
from app.files.originals import Originals
from app.files.playlist import open_source
from app.signing.sealing import Sealing
from storage.db import Database
from storage.disk import DiskStore
from storage.errors import StoreFull
from tests.service import ACCOUNT
from transforms.errors import TooLarge, UnsupportedInput

MAX_BYTES = 100
LETTERS = b"abcdefghij"
BIG_BYTES = 128 * 2**20


@dataclass
class Shelf:
    originals: Originals
    folders: Folders
    scratch: Path

    async def put(self, path: str, content: bytes) -> None:
        file = self.scratch / "put"
        file.write_bytes(content)
        await self.originals.put(ACCOUNT, path, file)

    async def joined(self, *segments: str) -> bytes:
        """What a list of these segments becomes; nothing of it is left afterwards."""
        await self.put("/list.m3u8", "\n".join(["#EXTM3U", *(f"#EXTINF:1,\n{segment}" for segment in segments)]).encode())
        original = await self.originals.find(ACCOUNT, "/list.m3u8")
        try:
            async with open_source(self.originals, self.folders, original, self.scratch) as opened:
                return opened.path.read_bytes()
        finally:
            assert not list(self.scratch.iterdir())


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'soundpath.db'}")
    await database.migrate()
    store = DiskStore(tmp_path / "objects")
    (tmp_path / "scratch").mkdir()
    made = Shelf(Originals(store, None, max_bytes=MAX_BYTES), Folders(database, Sealing(bytes(32))), tmp_path / "scratch")
    await made.put("/a.ts", LETTERS)
    yield made
    store.close()
    await database.close()


@pytest.mark.parametrize(("segments", "joined"), [
    (["a.ts", "a.ts"], LETTERS + LETTERS),
    (["#EXT-X-BYTERANGE:3@2\na.ts", "#EXT-X-BYTERANGE:2\na.ts"], b"cdefg"),
    (["#EXT-X-BYTERANGE:99@8\na.ts", "#EXT-X-BYTERANGE:5@99999999999999999999\na.ts"], b"ij"),
])  # fmt: skip
async def test_pieces_are_joined_as_far_as_their_files_go(shelf: Shelf, segments: list[str], joined: bytes) -> None:
    assert await shelf.joined(*segments) == joined


@pytest.mark.parametrize("byterange", ["-5@0", "5@-5", "x", "5@x", "9" * 5000])
async def test_ranges_that_cannot_be_are_refused(shelf: Shelf, byterange: str) -> None:
    with pytest.raises(UnsupportedInput):
        await shelf.joined(f"#EXT-X-BYTERANGE:{byterange}\na.ts")


async def test_a_list_is_no_larger_than_an_original_may_be(shelf: Shelf) -> None:
    assert len(await shelf.joined(*["a.ts"] * 10)) == MAX_BYTES
    with pytest.raises(TooLarge):
        await shelf.joined(*["a.ts"] * 11)


async def test_a_list_leaves_the_reserve_of_the_disk_alone(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.joined("a.ts")
    full = DiskStore(tmp_path / "objects", reserve_bytes=2**60)
    with closing(full), pytest.raises(StoreFull):
        await Shelf(Originals(full, None), shelf.folders, shelf.scratch).joined("a.ts")


async def test_a_long_range_goes_through_little_memory(shelf: Shelf) -> None:
    big = shelf.scratch / "big"
    with big.open("wb") as file:
        file.truncate(BIG_BYTES)
    await shelf.originals.put(ACCOUNT, "/big.ts", big)
    shelf.originals.max_bytes = 2 * BIG_BYTES
    tracemalloc.start()
    try:
        with pytest.raises(UnsupportedInput):
            await shelf.joined(f"#EXT-X-BYTERANGE:{BIG_BYTES}@0\nbig.ts", "none.ts")
        assert tracemalloc.get_traced_memory()[1] < BIG_BYTES / 4
    finally:
        tracemalloc.stop()
