"""The disk adapter: the contract, and what only a disk can get wrong."""

import multiprocessing
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.disk import DiskStore
from storage.durable import publish
from storage.errors import StoreFull, StoreUnavailable
from tests.storage.contract import StoreContract, keys, read_all


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    opened = DiskStore(tmp_path / "objects")
    yield opened
    opened.close()


class TestDiskStore(StoreContract):
    pass


def make_file(folder: Path, content: bytes = b"x") -> Path:
    file = folder / "source"
    file.write_bytes(content)
    return file


def other_file_system(than: Path) -> Path:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == than.stat().st_dev:
        pytest.skip("no second file system at /dev/shm")
    return memory / f"soundpath-test-{os.getpid()}"


async def test_source_on_another_file_system(store: DiskStore, tmp_path: Path) -> None:
    source = other_file_system(tmp_path)
    source.write_bytes(b"from afar")
    await store.put_file("a", source)
    assert not source.exists()
    assert await read_all(store, "a") == b"from afar"
    assert not [path for path in (tmp_path / "objects" / "aside").rglob("*") if path.is_file() and path.suffix != ".alive"]


async def test_a_copy_that_cannot_be_published_leaves_nothing(store: DiskStore, tmp_path: Path) -> None:
    source = other_file_system(tmp_path)
    source.write_bytes(b"from afar")
    (tmp_path / "objects" / "tree" / "a").write_bytes(b"no folder")
    try:
        with pytest.raises(StoreUnavailable):
            await store.put_file("a/b", source)
        assert source.read_bytes() == b"from afar"
    finally:
        source.unlink()
    assert not list(store._aside.folder.iterdir())


async def test_reserve_is_checked_before_writing(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "objects", reserve_bytes=2**60)
    with pytest.raises(StoreFull, match="kept free"):
        await store.require_space(1)
    source = other_file_system(tmp_path)
    source.write_bytes(b"too much")
    try:
        with pytest.raises(StoreFull):
            await store.put_file("a", source)
        assert source.read_bytes() == b"too much"
    finally:
        source.unlink()
    assert await keys(store, "") == []
    # Finished work that lies on the same disk takes no more room by being published.
    await store.put_file("a", make_file(tmp_path))
    assert await keys(store, "") == ["a"]
    store.close()


async def test_space_is_there(store: DiskStore) -> None:
    await store.require_space(1)
    with pytest.raises(StoreFull):
        await store.require_space(2**60)


async def test_only_plain_files_are_taken(store: DiskStore, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(make_file(tmp_path))
    for path in (link, tmp_path):
        with pytest.raises(ValueError, match="plain file"):
            await store.put_file("a", path)
    assert await keys(store, "") == []


async def test_no_folder_is_left_empty(store: DiskStore, tmp_path: Path) -> None:
    await store.put_file("a/b/c/d", make_file(tmp_path))
    await store.put_file("a/e/f", make_file(tmp_path))
    await store.delete("a/b/c/d")
    await store.delete("a/e/")
    assert list((tmp_path / "objects" / "tree").iterdir()) == []


async def test_a_file_of_the_same_time_and_size_has_another_etag(store: DiskStore, tmp_path: Path) -> None:
    etags = set()
    for _ in range(5):
        source = make_file(tmp_path)
        os.utime(source, ns=(10**18, 10**18))
        etags.add((await store.put_file("a", source)).etag)
        await store.delete("a")
    assert len(etags) == 5


def _leave_rubbish_and_die(root: str) -> None:
    store = DiskStore(Path(root))
    (store._aside.folder / "half-a-file").write_bytes(b"half")
    (store._aside.folder / "folder").mkdir()
    os._exit(9)


async def test_what_a_crash_left_is_swept_at_start_but_not_what_the_living_write(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    alive = DiskStore(root)
    (alive._aside.folder / "in-flight").write_bytes(b"mine")
    crashed = multiprocessing.get_context("spawn").Process(target=_leave_rubbish_and_die, args=(str(root),))
    crashed.start()
    crashed.join(30)
    assert crashed.exitcode == 9
    assert len(list((root / "aside").glob("*/half-a-file"))) == 1
    started = DiskStore(root)
    assert list((root / "aside").glob("*/half-a-file")) == []
    assert [path.read_bytes() for path in (root / "aside").glob("*/in-flight")] == [b"mine"]
    started.close()
    alive.close()
    assert list((root / "aside").iterdir()) == []


def test_publishing_into_a_folder_that_others_delete(tmp_path: Path) -> None:
    """Threads, without the event loop's turns: every moment between mkdir and rename is hit."""
    tree = tmp_path / "tree"
    tree.mkdir()
    stop = threading.Event()

    def delete() -> None:
        while not stop.is_set():
            shutil.rmtree(tree / "p", ignore_errors=True)

    deleter = threading.Thread(target=delete)
    deleter.start()
    try:
        for _ in range(300):
            publish(make_file(tmp_path), tree / "p" / "q" / "=x")
    finally:
        stop.set()
        deleter.join()


async def test_deleting_a_folder_that_a_writer_had_already_found(store: DiskStore, tmp_path: Path) -> None:
    """The kernel looks a folder up, then makes the name in it: whoever renames the folder away in between gets the file too."""
    for _ in range(20):
        await store.put_file("p/q/x", make_file(tmp_path))
        descriptor = os.open(tmp_path / "objects" / "tree" / "p" / "q", os.O_RDONLY)
        writer = threading.Thread(target=_write_until_gone, args=(descriptor,))
        writer.start()
        try:
            assert await store.delete("p/") >= 1
        finally:
            writer.join()
            os.close(descriptor)
        assert await keys(store, "") == []
        assert not list(store._aside.folder.iterdir())


def _write_until_gone(folder: int) -> None:
    for i in range(10_000):
        try:
            os.close(os.open(f"late-{i}", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
        except FileNotFoundError:
            return
        time.sleep(0.0001)
