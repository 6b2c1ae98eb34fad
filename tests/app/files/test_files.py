"""Files of an account in one process: who sends a part last, and deletions that a crash has cut in two."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.errors import Conflict, FileNotFound
from app.files.contents import Page
from app.files.originals import original_key
from app.files.records import Described
from app.files.services import FileNeeds, FileServices, FileSettings, make_file_services
from app.files.uploads import NewUpload
from app.signing.sealing import Sealing
from storage.disk import DiskStore
from storage.fetch.fetcher import Fetcher
from storage.fetch.urls import Rules
from tests.app.jobs.conftest import Queue, database, open_queue, queue
from tests.service import ACCOUNT

ENDING_SECONDS = 0.3  # who is sent away takes his time: the others wait for him together

__all__ = ["database", "open_queue", "queue"]


@pytest.fixture
async def files(queue: Queue, tmp_path: Path) -> AsyncIterator[FileServices]:
    store = DiskStore(tmp_path / "objects")
    needs = FileNeeds(queue.database, store, queue.retention, Sealing(bytes(32)), Fetcher(Rules(())))
    yield make_file_services(needs, FileSettings(None, tmp_path, tmp_path / "uploads", 10**9, 10**9, 60))
    store.close()


async def test_of_three_that_send_one_part_the_last_one_wins(files: FileServices) -> None:
    upload = await files.uploads.begin(NewUpload(ACCOUNT, "/file", 4, Described(), may_overwrite=True))
    let_go = asyncio.Event()
    begun = []

    async def pieces(content: bytes) -> AsyncIterator[bytes]:
        begun.append(content)
        yield content[:2]
        try:
            await let_go.wait()
        finally:
            await asyncio.sleep(ENDING_SECONDS)
        yield content[2:]

    async def send(content: bytes) -> str:
        return await files.uploads.receive(upload.token, 0, pieces(content))

    async with asyncio.timeout(30):
        first = asyncio.create_task(send(b"1111"))
        while not begun:  # noqa: ASYNC110 (nobody else tells)
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(send(content)) for content in (b"2222", b"3333")]
        while b"3333" not in begun:  # noqa: ASYNC110 (nobody else tells)
            await asyncio.sleep(0.001)
        let_go.set()
        sent = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(etag) for etag in sent] == [Conflict, Conflict, str]
    assert await files.uploads.complete(upload, 0, str(sent[2])) is not None
    async with files.originals.open(await files.originals.find(ACCOUNT, "/file")) as path:
        assert path.read_bytes() == b"3333"


async def test_a_deletion_that_a_crash_has_cut_in_two_is_finished_by_the_next(files: FileServices, queue: Queue, tmp_path: Path) -> None:
    (tmp_path / "put").write_bytes(b"x")
    await files.files.publish(ACCOUNT, "/song.flac", tmp_path / "put", Described(), may_overwrite=True)
    made = await queue.succeeded()
    store = DiskStore(tmp_path / "objects")
    await store.delete(original_key(ACCOUNT, made.path))
    store.close()
    await files.files.delete(ACCOUNT, made.path)
    assert await queue.jobs.find(made.identity) is None, "what was made from it is reset"
    listing, _ = await files.contents.page(ACCOUNT, Page("/", "", 10, recursive=True))
    assert listing.items == ()
    with pytest.raises(FileNotFound):
        await files.files.delete(ACCOUNT, made.path)
