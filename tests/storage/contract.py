"""What every Store adapter promises. An adapter's test module subclasses this and gives the fixture `store`."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from storage.errors import InvalidKey, ObjectMissing
from storage.store import ObjectStat, Store

Put = Callable[..., Awaitable[ObjectStat]]

BAD_KEYS = ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\0b", "a\\b", "a/" + "x" * 256, "a/" * 600 + "a", "a/\udcff"]


async def read_all(store: Store, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.read(key, start, end)])


async def keys(store: Store, prefix: str) -> list[str]:
    return [stat.key async for stat in store.list(prefix)]


class StoreContract:
    @pytest.fixture
    def put(self, store: Store, tmp_path: Path) -> Put:
        """Put bytes: `await put(key, content)`."""
        numbers = iter(range(1_000_000))

        async def put(key: str, content: bytes = b"x") -> ObjectStat:
            file = tmp_path / f"put-{next(numbers)}"
            file.write_bytes(content)
            stat = await store.put_file(key, file)
            assert not file.exists(), "the local file is consumed"
            return stat

        return put

    async def test_put_stat_read_delete(self, store: Store, put: Put) -> None:
        written = await put("a/b.mp3", b"hello")
        stat = await store.stat("a/b.mp3")
        assert stat == written
        assert stat is not None
        assert (stat.key, stat.size_bytes) == ("a/b.mp3", 5)
        assert stat.etag
        assert '"' not in stat.etag
        assert await read_all(store, "a/b.mp3") == b"hello"
        assert await store.delete("a/b.mp3") == 1
        assert await store.stat("a/b.mp3") is None
        assert await store.delete("a/b.mp3") == 0

    async def test_a_cancelled_put_is_over_when_its_cancellation_arrives(self, store: Store, tmp_path: Path) -> None:
        """Whoever cleans up after it finds everything that there will be."""
        file = tmp_path / "large"
        file.write_bytes(bytes(12 << 20))
        putting = asyncio.create_task(store.put_file("a/b", file))
        for _ in range(5):
            await asyncio.sleep(0)
        putting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await putting
        assert await keys(store, "a/") == ["a/b"]

    async def test_missing(self, store: Store) -> None:
        assert await store.stat("no/such") is None
        with pytest.raises(ObjectMissing):
            await read_all(store, "no/such")
        with pytest.raises(ObjectMissing):
            async with store.borrow("no/such"):
                pass
        assert await keys(store, "no/") == []
        assert await store.delete("no/") == 0

    @pytest.mark.parametrize(("start", "end"), [(0, None), (0, 0), (0, 1), (3, 700_000), (699_999, None), (700_000, None), (5, 10**9)])
    async def test_ranges(self, store: Store, put: Put, start: int, end: int | None) -> None:
        content = bytes(i * 31 % 251 for i in range(700_000))
        await put("big", content)
        assert await read_all(store, "big", start, end) == content[start:end]

    async def test_an_object_and_a_folder_may_share_a_name(self, store: Store, put: Put) -> None:
        for key in ("x", "x/y", "x/y/z", "x.y", "x-y"):
            await put(key, key.encode())
        for key in ("x", "x/y", "x/y/z", "x.y", "x-y"):
            assert await read_all(store, key) == key.encode()
        assert await store.delete("x/y/") == 1
        assert await keys(store, "") == ["x", "x-y", "x.y", "x/y"]
        assert await store.delete("x") == 1
        assert await keys(store, "") == ["x-y", "x.y", "x/y"]

    async def test_list_is_in_key_order_and_by_prefix(self, store: Store, put: Put) -> None:
        names = ["a", "a!", "a-b", "a.b", "a/=", "a/b", "a/b/c", "a0", "b/ä", "b/z", "ba", "é", "a/%x", "a/>y", "%q/=r/>s", "=", "a b/+"]
        names += ["long/" + "n" * 250, "long/" + "n" * 250 + "/m", "long/" + "n" * 200, "long/" + "n" * 201 + "-", "long/" + "ü" * 127]
        for name in names:
            await put(name)
        in_order = sorted(names, key=str.encode)
        assert await keys(store, "") == in_order
        for prefix in ("a", "a/", "a/b", "b", "b/", "long/", "long/nn", "long/" + "n" * 201, "nothing", "%", "a/%"):
            assert await keys(store, prefix) == [name for name in in_order if name.startswith(prefix)], prefix

    async def test_delete_by_prefix_is_exact(self, store: Store, put: Put) -> None:
        for key in ("d/a", "d/b/c", "d/b/c/e", "da", "d.a/x", "d"):
            await put(key)
        assert await store.delete("d/") == 3
        assert await keys(store, "") == ["d", "d.a/x", "da"]

    async def test_long_names(self, store: Store, put: Put) -> None:
        key = "originals/" + "ü" * 127 + "a" + "/" + "b" * 255
        await put(key, b"long")
        assert await read_all(store, key) == b"long"
        assert await store.delete("originals/" + "ü" * 127 + "a/") == 1
        assert await keys(store, "") == []

    @pytest.mark.parametrize("key", BAD_KEYS)
    async def test_bad_keys(self, store: Store, put: Put, key: str, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"x")
        with pytest.raises(InvalidKey):
            await store.put_file(key, file)
        with pytest.raises(InvalidKey):
            await store.stat(key)
        with pytest.raises(InvalidKey):
            await read_all(store, key)
        if key != "a/":
            with pytest.raises(InvalidKey):
                await store.delete(key)
        assert file.exists()

    async def test_replacing_changes_the_etag(self, store: Store, put: Put) -> None:
        etags = set()
        for round_ in range(20):
            await put("e", f"{round_:02d}".encode())
            stat = await store.stat("e")
            assert stat is not None
            etags.add(stat.etag)
            if round_ % 2:
                await store.delete("e")
        assert len(etags) == 20

    async def test_borrow(self, store: Store, put: Put) -> None:
        await put("music/a.flac", b"bytes")
        async with store.borrow("music/a.flac") as path:
            assert path.read_bytes() == b"bytes"
        assert await read_all(store, "music/a.flac") == b"bytes"

    async def test_readers_see_one_version_or_the_other(self, store: Store, put: Put) -> None:
        size = 600_000
        await put("v", b"0" * size)
        stop = asyncio.Event()

        async def read_on() -> int:
            reads = 0
            while not stop.is_set():
                content = await read_all(store, "v")
                assert len(content) == size
                assert len(set(content)) == 1
                reads += 1
            return reads

        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(read_on()) for _ in range(3)]
            for i in range(20):
                await put("v", str(i % 10).encode() * size)
            stop.set()
        assert all(task.result() for task in reading)

    async def test_delete_by_prefix_while_others_write(self, store: Store, put: Put) -> None:
        """Neither side fails, and what was written after the last deletion is there."""

        async def write(writer: int) -> None:
            for i in range(15):
                await put(f"p/{i % 3}/{writer}", b"w")

        async def delete() -> None:
            for _ in range(30):
                await store.delete("p/")

        async with asyncio.TaskGroup() as group:
            for writer in range(3):
                group.create_task(write(writer))
            group.create_task(delete())
        await store.delete("p/")
        assert await keys(store, "") == []
        await write(9)
        assert await keys(store, "p/") == ["p/0/9", "p/1/9", "p/2/9"]
