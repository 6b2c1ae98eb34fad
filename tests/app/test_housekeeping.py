"""What housekeeping does with bytes that cannot be deleted."""

from pathlib import Path

import pytest

from app.housekeeping import Housekeeping
from app.jobs.job import Job
from app.jobs.layout import job_prefix
from storage.disk import DiskStore
from storage.disk_names import folder_path
from storage.errors import StoreUnavailable
from tests.app.jobs.conftest import Queue, database, open_queue, queue

__all__ = ["database", "open_queue", "queue"]


async def nothing_to_expire() -> int:
    return 0


async def test_what_cannot_be_deleted_holds_nothing_up(queue: Queue, tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "objects")
    keeper = Housekeeping(queue.retention, store, None, nothing_to_expire)
    stuck = await queue.succeeded("stuck", path="/stuck/a.flac")
    in_the_way = folder_path(tmp_path / "objects" / "tree", job_prefix(stuck.account, stuck.path, stuck.id)[:-1]).parent.parent
    others = [await queue.succeeded(f"i{number}", path=f"/fine/{number}.flac") for number in range(2)]
    for job in others:
        await put(store, job, tmp_path)
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_bytes(b"a file where the store keeps a folder")
    await queue.retention.retire_jobs([stuck.id])
    await queue.retention.retire_jobs([job.id for job in others])

    with pytest.raises(StoreUnavailable):
        await keeper.purge()
    assert await keeper.purge() == len(others)
    assert await queue.retention.purgeable() == [], "the one that is stuck has been put off"

    in_the_way.unlink()
    await put(store, stuck, tmp_path)
    await queue.age(stuck.id, purge_due_ms=3_600_000)
    assert await keeper.purge() == 1
    assert (await queue.retention.totals()).retired_bytes == 0
    store.close()


async def put(store: DiskStore, job: Job, folder: Path) -> None:
    (folder / "artifact").write_bytes(b"sound")
    await store.put_file(f"{job_prefix(job.account, job.path, job.id)}a/audio.mp3", folder / "artifact")
