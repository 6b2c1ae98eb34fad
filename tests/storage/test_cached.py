"""The local copy in front of another store: the contract, what it saves, its bounds, and what it refuses to read."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from storage.cached import CachedStore, open_cache
from storage.disk import DiskStore
from storage.errors import ObjectMissing
from tests.storage.contract import Put, StoreContract

LIMIT_BYTES = 4 << 20


@pytest.fixture
def inner(tmp_path: Path) -> Iterator[DiskStore]:
    opened = DiskStore(tmp_path / "objects")
    yield opened
    opened.close()


@pytest.fixture
def store(inner: DiskStore, tmp_path: Path) -> Iterator[CachedStore]:
    opened = CachedStore(inner, tmp_path / "cache", LIMIT_BYTES, "artifacts/")
    yield opened
    opened.close()
    assert not list((tmp_path / "cache" / "lent").iterdir())


class TestCachedStore(StoreContract):
    pass


@pytest.fixture
def put(store: CachedStore, tmp_path: Path) -> Put:
    async def put(key: str, content: bytes = b"x") -> object:
        file = tmp_path / "put"
        file.write_bytes(content)
        return await store.put_file(key, file)

    return put  # type: ignore[return-value]


async def borrowed(store: CachedStore, key: str) -> bytes:
    async with store.borrow(key) as path:
        return path.read_bytes()


async def test_what_was_borrowed_stays(store: CachedStore, inner: DiskStore, put: Put) -> None:
    await put("artifacts/a", b"sound")
    assert await borrowed(store, "artifacts/a") == b"sound"
    await inner.delete("artifacts/")
    assert await borrowed(store, "artifacts/a") == b"sound", "an artifact is served though its store has lost it"
    assert (store.figures.hits, store.figures.misses, store.figures.hit_bytes) == (1, 1, 5)


async def test_what_never_changes_is_known_while_its_store_is_away(store: CachedStore, inner: DiskStore, put: Put) -> None:
    assert await store.stat("artifacts/a") is None
    await put("artifacts/a", b"sound")
    known = await store.stat("artifacts/a")
    await put("originals/a", b"sound")
    await store.stat("originals/a")
    await inner.delete("artifacts/")
    await inner.delete("originals/")
    assert await store.stat("artifacts/a") == known
    assert await store.stat("originals/a") is None
    await store.delete("artifacts/")
    assert await store.stat("artifacts/a") is None


async def test_what_is_still_arriving_is_asked_for_again(store: CachedStore, inner: DiskStore, tmp_path: Path) -> None:
    """Some S3 servers show an object as empty until all of it is there."""
    for content in (b"", b"sound"):
        (tmp_path / "put").write_bytes(content)
        await inner.put_file("artifacts/a", tmp_path / "put")
        stat = await store.stat("artifacts/a")
        assert stat is not None
        assert stat.size_bytes == len(content)


async def test_originals_are_asked_for_their_version(store: CachedStore, inner: DiskStore, put: Put) -> None:
    await put("originals/a", b"one")
    assert [await borrowed(store, "originals/a") for _ in range(2)] == [b"one"] * 2
    assert store.figures.hits == 1
    await put("originals/a", b"two")
    assert await borrowed(store, "originals/a") == b"two"
    await inner.delete("originals/a")
    with pytest.raises(ObjectMissing):
        await borrowed(store, "originals/a")


async def test_a_file_stays_while_it_is_lent_though_others_drive_it_out(store: CachedStore, put: Put, tmp_path: Path) -> None:
    size = LIMIT_BYTES // 10
    await put("artifacts/first", b"1" * size)
    await borrowed(store, "artifacts/first")
    async with store.borrow("artifacts/first") as path:
        for number in range(40):
            await put(f"artifacts/{number}", b"0" * size)
            await borrowed(store, f"artifacts/{number}")
        assert path.read_bytes() == b"1" * size
    kept = sum(file.stat().st_size for file in (tmp_path / "cache" / "kept").rglob("*.val"))
    assert size <= kept <= LIMIT_BYTES + size
    misses = store.figures.misses
    await borrowed(store, "artifacts/first")
    assert store.figures.misses == misses + 1, "it had been driven out"


async def test_who_leaves_while_it_is_lent_leaves_nothing(store: CachedStore, put: Put, tmp_path: Path) -> None:
    await put("artifacts/a", b"sound")
    await borrowed(store, "artifacts/a")
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    with closing(sqlite3.connect(tmp_path / "cache" / "kept" / "cache.db", isolation_level=None)) as books:
        books.execute("BEGIN EXCLUSIVE")
        leaving = asyncio.create_task(borrowed(store, "artifacts/a"))
        await asyncio.sleep(0.3)  # its thread waits for the books; were it not to yet, this test would prove less and not fail
        leaving.cancel()
        await asyncio.sleep(0.1)
        books.execute("ROLLBACK")
    await asyncio.wait({leaving})
    await asyncio.to_thread(int)  # behind what was asked for
    assert leaving.cancelled()
    assert not list(store._lent.folder.iterdir())


async def test_a_version_is_kept_under_no_other_ones_name(tmp_path: Path) -> None:
    class Replaced(DiskStore):
        """Somebody replaces the object when it has been found and is about to be lent."""

        @asynccontextmanager
        async def borrow(self, key: str) -> AsyncIterator[Path]:
            (tmp_path / "two").write_bytes(b"two")
            await self.put_file(key, tmp_path / "two")
            async with super().borrow(key) as path:
                yield path

    inner = Replaced(tmp_path / "objects")
    store = CachedStore(inner, tmp_path / "cache", LIMIT_BYTES, "artifacts/")
    (tmp_path / "one").write_bytes(b"one")
    await store.put_file("originals/a", tmp_path / "one")
    assert await borrowed(store, "originals/a") == b"two"
    assert list(store._cache) == []
    store.close()
    inner.close()


async def test_what_is_too_large_passes_through(store: CachedStore, put: Put, tmp_path: Path) -> None:
    await put("artifacts/large", bytes(LIMIT_BYTES))
    assert len(await borrowed(store, "artifacts/large")) == LIMIT_BYTES
    assert not list((tmp_path / "cache" / "kept").rglob("*.val"))


async def test_a_lost_file_and_a_broken_book_are_no_errors(store: CachedStore, put: Put, tmp_path: Path) -> None:
    await put("artifacts/a", b"sound")
    await borrowed(store, "artifacts/a")
    for file in (tmp_path / "cache" / "kept").rglob("*.val"):
        file.unlink()
    assert await borrowed(store, "artifacts/a") == b"sound"
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "cache.db").write_bytes(b"not a database" * 1000)
    open_cache(broken, LIMIT_BYTES).close()


def test_nothing_is_pickled_or_unpickled(tmp_path: Path) -> None:
    cache = open_cache(tmp_path / "kept", LIMIT_BYTES)
    file = tmp_path / "file"
    file.write_bytes(b"x")
    with file.open("rb") as value:
        cache.set("name", value, read=True)
    for key, content in (("name", {"a": 1}), ("name", b"bytes"), (7, b"bytes"), (("a", "b"), b"")):
        with pytest.raises(TypeError):
            cache.set(key, content)
    with sqlite3.connect(tmp_path / "kept" / "cache.db") as books:
        books.execute("UPDATE Cache SET mode = 4, filename = NULL, value = ?", (b"cos\nsystem\n(S'false'\ntR.",))
    with pytest.raises(TypeError):
        cache.get("name", read=True)
    with pytest.raises(TypeError):
        cache.get("name")
    cache.close()
