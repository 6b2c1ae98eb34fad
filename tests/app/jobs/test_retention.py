"""Resets, eviction, expiry, and bytes that are deleted after the row."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict

import pytest

from app.jobs.job import Job, Keep, Status
from app.jobs.layout import artifact_key, attempt_prefix, job_prefix
from app.jobs.leases import BeatAnswer
from tests.app.jobs.conftest import ACCOUNT, HOUR_MS, OTHER, Queue, new_job


async def test_a_reset_makes_the_next_request_a_new_job_and_a_new_bill(queue: Queue) -> None:
    done = await queue.succeeded()
    before = queue.retention.generation
    assert await queue.retention.retire_path(ACCOUNT, done.path) == 1
    assert queue.retention.generation > before
    assert await queue.jobs.find("i") is None
    assert await queue.retention.retire_path(ACCOUNT, done.path) == 0
    again = await queue.succeeded()
    assert again.id != done.id
    assert (await queue.ledger.audit()).total.jobs == 2
    assert (await queue.job(done.id)).status is Status.SUCCEEDED, "the job's own record stays"


async def test_a_reset_finds_appended_files_and_nothing_else(queue: Queue) -> None:
    hit = await queue.succeeded("a", path="/a.mp3", appended=("/intro.mp3", "/x/outro.mp3"))
    for identity, path, account in (("b", "/intro.mp3x", ACCOUNT), ("c", "/Intro.mp3", ACCOUNT), ("d", "/intro.mp3", OTHER)):
        await queue.succeeded(identity, path=path, account=account)
    assert await queue.retention.retire_path(ACCOUNT, "/intro.mp3") == 1
    assert [purge.job_id for purge in await queue.retention.purgeable()] == [hit.id]


@pytest.mark.parametrize(
    ("prefix", "gone"), [("/", "abcd"), ("/x/", "bc"), ("/x", "bcd"), ("/X/", ""), ("/x/%", ""), ("/x/_", "c"), ("/x/y.mp3", "b")]
)
async def test_a_reset_by_prefix_is_literal(queue: Queue, prefix: str, gone: str) -> None:
    for identity, path in (("a", "/a.mp3"), ("b", "/x/y.mp3"), ("c", "/x/_/z.mp3"), ("d", "/xylophone.mp3")):
        await queue.succeeded(identity, path=path)
    assert await queue.retention.retire_prefix(ACCOUNT, prefix) == len(gone)
    assert [identity for identity in "abcd" if await queue.jobs.find(identity) is None] == list(gone)


async def test_a_reset_starts_running_jobs_again(queue: Queue) -> None:
    """They have read the old bytes; the job and its id stay, the attempt does not."""
    job = await queue.submit(appended=("/b.mp3",))
    stale = await queue.claim()
    waiting = await queue.submit("waiting", path="/b.mp3")
    assert await queue.retention.retire_path(ACCOUNT, "/b.mp3") == 1
    assert await queue.leases.beat(stale, 10) is BeatAnswer.LOST
    assert not await queue.succeed(stale)
    fresh = await queue.claim()
    assert (fresh.id, fresh.attempt) == (job.id, 2)
    assert (await queue.job(waiting.id)).status is Status.PENDING
    assert await queue.succeed(fresh)
    assert await queue.jobs.find("i") is not None


async def test_a_reset_forgets_failures(queue: Queue) -> None:
    await queue.submit()
    await queue.endings.fail(await queue.claim(), "file_not_found", "There is no file.", final=True)
    await queue.retention.retire_path(ACCOUNT, "/song.flac")
    assert await queue.jobs.find("i") is None


async def test_other_programs_learn_of_a_reset(queue: Queue, open_queue: Callable[..., Queue]) -> None:
    other = open_queue()
    await queue.retention.retire_prefix(ACCOUNT, "/")
    assert other.retention.generation != queue.retention.generation
    await other.retention.refresh_generation()
    assert other.retention.generation == queue.retention.generation


async def test_what_is_read_under_the_new_generation_is_not_the_old_job(queue: Queue) -> None:
    """A request that reads the number and then the job, while a reset is under way, must not take the old job for fresh."""
    for round_ in range(10):
        done = await queue.succeeded()

        async def look(seen: list[tuple[int, str]]) -> None:
            for _ in range(8):
                generation = queue.retention.generation
                if job := await queue.jobs.find("i"):
                    seen.append((generation, job.id))

        seen: list[tuple[int, str]] = []
        looking = [asyncio.create_task(look(seen)) for _ in range(4)]
        await asyncio.wait(looking, timeout=round_ * 0.001)
        await queue.retention.retire_path(ACCOUNT, done.path)
        await asyncio.gather(*looking)
        assert (queue.retention.generation, done.id) not in seen


async def test_bytes_are_deleted_after_the_row_was_retired(queue: Queue) -> None:
    kept = await queue.succeeded("kept")
    done = await queue.succeeded("i", path="/a/ü.flac")
    await queue.retention.retire_jobs([done.id])
    purges = await queue.retention.purgeable()
    assert [(purge.job_id, purge.prefix) for purge in purges] == [(done.id, f"artifacts/{ACCOUNT}/a/ü.flac/!{done.id}/")]
    totals = await queue.retention.totals()
    assert (totals.variants, totals.size_bytes, totals.retired_bytes) == (1, 1000, 1000)
    await queue.retention.purged([done.id])
    assert await queue.retention.purgeable() == []
    totals = await queue.retention.totals()
    assert (totals.variants, totals.size_bytes, totals.retired_bytes) == (1, 1000, 0)
    assert await queue.jobs.find("kept") == kept


async def test_what_failed_and_cancelled_jobs_left_is_deleted(queue: Queue) -> None:
    failed = await queue.submit("failed")
    await queue.endings.fail(await queue.claim(), "unsupported_input", "No.", final=True)
    cancelled = await queue.submit("cancelled")
    await queue.jobs.cancel(ACCOUNT, cancelled.id)
    assert {purge.job_id for purge in await queue.retention.purgeable()} == {failed.id, cancelled.id}


async def test_the_least_recently_used_go_first(queue: Queue) -> None:
    jobs = [await queue.succeeded(f"i{n}") for n in range(3)]
    for hours, job in zip((2, 5, 3), jobs, strict=True):
        await queue.age(job.id, last_used_ms=hours * HOUR_MS)
    assert [kept.job_id for kept in await queue.retention.least_recently_used(2)] == [jobs[1].id, jobs[2].id]
    await queue.retention.touch(jobs[1].id)
    assert [kept.job_id for kept in await queue.retention.least_recently_used(1)] == [jobs[2].id]
    await queue.age(jobs[1].id, last_used_ms=9 * HOUR_MS)
    await queue.retention.touch(jobs[1].id)
    assert (await queue.retention.least_recently_used(1))[0].job_id == jobs[1].id, "written once an hour at most"


async def test_a_variant_that_somebody_wants_for_good_stays(queue: Queue) -> None:
    unused = await queue.succeeded("unused", keep=Keep.DAY_UNUSED)
    await queue.retention.keep_permanently(unused.id)
    await queue.age(unused.id, ended_ms=30 * HOUR_MS, last_used_ms=30 * HOUR_MS)
    assert await queue.retention.expired() == []
    found = await queue.jobs.find("unused")
    assert found is not None
    assert found.keep is Keep.PERMANENT


async def test_what_expires(queue: Queue) -> None:
    unkept = await queue.succeeded("unkept", keep=Keep.NOTHING)
    unused = await queue.succeeded("unused", keep=Keep.DAY_UNUSED)
    permanent = await queue.succeeded("permanent")
    assert await queue.retention.expired() == []
    for job in (unkept, unused, permanent):
        await queue.age(job.id, ended_ms=23 * HOUR_MS, last_used_ms=23 * HOUR_MS)
    assert [kept.job_id for kept in await queue.retention.expired()] == [unkept.id]
    for job in (unused, permanent):
        await queue.age(job.id, ended_ms=3 * HOUR_MS, last_used_ms=3 * HOUR_MS)
    expired = [kept.job_id for kept in await queue.retention.expired()]
    assert sorted(expired) == sorted([unkept.id, unused.id])
    assert await queue.retention.retire_jobs(expired) == 2
    assert await queue.retention.expired() == []
    assert await queue.jobs.find("unused") is None


def test_artifacts_lie_below_their_original_and_apart_by_attempt() -> None:
    fields = asdict(new_job(path="/a b/ü.flac"))
    del fields["appended"]
    job = Job(
        **fields,
        id="01J",
        status=Status.RUNNING,
        progress=0,
        attempt=2,
        owner="o",
        created_ms=0,
        updated_ms=0,
    )
    assert artifact_key(job, "/audio.mp3") == "artifacts/W142hJk/a b/ü.flac/!01J/2/audio.mp3"
    assert artifact_key(job, "/audio.mp3").startswith(attempt_prefix(job))
    assert attempt_prefix(job).startswith(job_prefix(job.account, job.path, job.id))
