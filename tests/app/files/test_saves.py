"""`save/audio`: the file is there when its job has succeeded, and where it could not be made the job says why."""

from pathlib import Path
from typing import Any

import pytest

from app.files.intake import NewFile
from app.files.records import Described
from app.files.services import FileNeeds, FileSettings, make_file_services
from app.signing.sealing import Sealing
from storage.disk import DiskStore
from storage.fetch.fetcher import Fetcher
from storage.fetch.urls import Rules
from tests import tones
from tests.app.files.api import call, ok, upload
from tests.app.jobs.conftest import Queue, database, open_queue, queue
from tests.service import ACCOUNT, Service, running

pytestmark = pytest.mark.usefixtures("any_database")

__all__ = ["database", "open_queue", "queue"]


async def save(service: Service, query: str, destination: str, **more: Any) -> Any:
    url = f"{service.url}/{ACCOUNT}/save/audio/a.wav?{query}"
    return await call(service, "POST", url, {"destination": destination}, **more)


async def with_tone(service: Service, folder: Path) -> None:
    tones.write(folder / "a.wav", tones.chirp(3, 44_100), 44_100)
    await upload(service, "/a.wav", (folder / "a.wav").read_bytes())


async def test_what_became_of_a_save(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as service:
        await with_tone(service, tmp_path)
        begun = (await save(service, "f=mp3", "/saved.mp3")).json()
        job = await service.finished(begun["jobUrl"].removeprefix(service.url))
        assert job["summary"]["saves"] == [{"filePath": "/saved.mp3", "status": "Saved", "error": None}]
        artifact = await service.get(job["summary"]["result"]["artifactUrl"].removeprefix(service.url))
        assert (await service.get(f"/{ACCOUNT}/raw/saved.mp3")).body == artifact.body
        done = (await save(service, "f=mp3", "/again.mp3")).json()
        assert [each["status"] for each in done["summary"]["saves"]] == ["Saved", "Saved"]


async def test_a_save_begins_runs_under_the_rules_of_all(tmp_path: Path) -> None:
    async with running(tmp_path / "data", SOUNDPATH_RATE_STARTS="1") as service:
        await with_tone(service, tmp_path)
        cold = await save(service, "f=mp3&cache_only=true", "/cold.mp3")
        assert (cold.status, cold.json()["error"]["code"]) == (404, "cache_miss")
        answers = [await save(service, f"f=mp3&br={rate}", f"/saved-{number}.mp3") for number, rate in enumerate((64, 96, 64))]
        assert [answer.status for answer in answers] == [200, 429, 200], "to join a run is not to begin one"


async def test_two_that_want_one_name(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as service:
        await with_tone(service, tmp_path)
        made = await ok(service, "POST", "/keys", {"kind": "secret", "scopes": ["files:download", "files:create"]})
        for query in ("f=mp3&br=64", "f=mp3&br=96"):
            answer = await save(service, query, "/one.mp3", key=made["key"])
            assert answer.status == 200, answer.body
        jobs = [await service.finished(f"/{ACCOUNT}/audio/a.wav?{query}") for query in ("f=mp3&br=64", "f=mp3&br=96")]
        shown = [(await ok(service, "GET", f"/jobs/ProcessFileJob/{job['jobId']}"))["summary"]["saves"][0] for job in jobs]
        assert sorted(each["status"] for each in shown) == ["Failed", "Saved"]
        assert [each["error"]["code"] for each in shown if each["error"]] == ["file_already_exists"]


async def test_what_a_dead_process_has_left_is_carried_out(queue: Queue, tmp_path: Path) -> None:
    """A worker dies between its job's end and the save: housekeeping finds it a minute later."""
    store = DiskStore(tmp_path / "objects")
    needs = FileNeeds(queue.database, store, queue.retention, Sealing(bytes(32)), Fetcher(Rules(())))
    files = make_file_services(needs, FileSettings(None, tmp_path, tmp_path / "uploads", 10**9, 10**9, 60))
    jobs = []
    for number, is_made in enumerate((True, False)):
        job = await queue.submit(f"i{number}")
        await files.saves.note(job.id, NewFile(ACCOUNT, f"/saved-{number}", Described(), may_overwrite=False))
        jobs.append(await queue.claim())
        if is_made:
            (tmp_path / "made").write_bytes(b"made")
            await store.put_file(f"k/{job.id}", tmp_path / "made")
            await queue.succeed(jobs[-1])
        else:
            await queue.endings.fail(jobs[-1], "x", "y", final=True)
    await files.saves.carry_out_left(queue.jobs.get)
    assert [(await files.saves.of_job(job.id))[0].state for job in jobs] == ["Waiting", "Waiting"], "they ended just now"
    for job in jobs:
        await queue.age(job.id, ended_ms=120_000)
    await files.saves.carry_out_left(queue.jobs.get)
    assert [(await files.saves.of_job(job.id))[0].state for job in jobs] == ["Saved", "Failed"]
    assert (await files.files.details(ACCOUNT, "/saved-0")).size_bytes == len(b"made")
    store.close()


async def test_what_a_crash_has_published_and_not_noted_is_its_own(queue: Queue, tmp_path: Path) -> None:
    """Killed between the file and the note: carried out again, the save finds its bytes there. Those of somebody else are in its way."""
    store = DiskStore(tmp_path / "objects")
    needs = FileNeeds(queue.database, store, queue.retention, Sealing(bytes(32)), Fetcher(Rules(())))
    files = make_file_services(needs, FileSettings(None, tmp_path, tmp_path / "uploads", 10**9, 10**9, 60))
    described = Described(mime="audio/mpeg", tags=("mine",))
    job = await queue.submit("i0")
    for path in ("/own", "/other"):
        await files.saves.note(job.id, NewFile(ACCOUNT, path, described, may_overwrite=False))
    for path, content in (("/own", b"made"), ("/other", b"else")):
        (tmp_path / "content").write_bytes(content)
        await files.files.publish(ACCOUNT, path, tmp_path / "content", Described(), may_overwrite=False)
    (tmp_path / "made").write_bytes(b"made")
    await store.put_file(f"k/{job.id}", tmp_path / "made")
    await queue.succeed(await queue.claim())
    done = await queue.jobs.get(ACCOUNT, job.id)
    assert done is not None
    await files.saves.carry_out(ACCOUNT, job.id, done.result)
    own, other = await files.saves.of_job(job.id)
    assert (own.state, own.error) == ("Saved", None)
    assert (other.state, other.error and other.error[0]) == ("Failed", "file_already_exists")
    assert [(await files.files.details(ACCOUNT, path)).tags for path in ("/own", "/other")] == [("mine",), ()]
    store.close()


@pytest.mark.parametrize("query", ["f=hls-aac", "f=hls-aac-rt", "f=html-aac"])
async def test_hls_is_not_saved_as_one_file(tmp_path: Path, query: str) -> None:
    async with running(tmp_path / "data") as service:
        answer = await save(service, query, "/x.m3u8")
        assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_request")
