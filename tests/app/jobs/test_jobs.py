"""Submitting, following and cancelling."""

import asyncio
import time
from collections.abc import Callable

import pytest

from app.jobs.errors import QueueFull
from app.jobs.job import Failure, Keep, Priority, SourceVersion, Status
from app.jobs.leases import BeatAnswer
from tests.app.jobs.conftest import ACCOUNT, HOUR_MS, OTHER, Queue, new_job, result_of


async def test_a_job_through_its_life(queue: Queue) -> None:
    job, created = await queue.jobs.submit(new_job(version="7", appended=("/b.mp3",)))
    assert created
    assert (job.status, job.attempt, job.progress, job.owner, len(job.id)) == (Status.PENDING, 0, 0, None, 26)
    assert (job.path, job.version, job.keep, job.priority) == ("/song.flac", "7", Keep.PERMANENT, Priority.BACKGROUND)
    running = await queue.claim()
    assert (running.id, running.status, running.attempt, running.owner) == (job.id, Status.RUNNING, 1, queue.owner.id)
    assert await queue.leases.claim(queue.owner) is None
    assert await queue.leases.beat(running, 40) is BeatAnswer.OURS
    assert await queue.leases.beat(running, 30) is BeatAnswer.OURS
    assert (await queue.job(job.id)).progress == 40
    assert await queue.succeed(running)
    done = await queue.job(job.id)
    assert (done.status, done.progress, done.failure, done.owner) == (Status.SUCCEEDED, 100, None, None)
    assert done.result == result_of(job)
    assert done.sources == (SourceVersion("/song.flac", "v1"),)
    assert done.created_ms == job.created_ms <= done.updated_ms
    assert await queue.jobs.submit(new_job()) == (done, False)
    assert await queue.jobs.find("i") == done


async def test_times_are_epoch_milliseconds(queue: Queue) -> None:
    before = int(time.time() * 1000)
    job = await queue.submit()
    assert before - 5 <= job.created_ms <= int(time.time() * 1000) + 5


async def test_requests_that_race_get_one_job(queue: Queue) -> None:
    answers = await asyncio.gather(*(queue.jobs.submit(new_job()) for _ in range(50)))
    assert len({job.id for job, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1


async def test_a_joining_player_raises_the_priority(queue: Queue) -> None:
    slow = await queue.submit("slow")
    await queue.submit("other")
    assert (await queue.submit("slow", priority=Priority.WAITED_FOR)).id == slow.id
    await queue.submit("slow", priority=Priority.BACKGROUND)
    assert (await queue.job(slow.id)).priority is Priority.WAITED_FOR
    await queue.submit("third", priority=Priority.WAITED_FOR)
    await queue.jobs.raise_priority(slow.id, Priority.REAL_TIME)
    assert [(await queue.claim()).identity for _ in range(3)] == ["slow", "third", "other"]


async def test_a_full_queue_refuses_new_work_only(open_queue: Callable[..., Queue]) -> None:
    queue = open_queue(queue=2)
    await queue.submit("a")
    await queue.submit("b")
    with pytest.raises(QueueFull) as refused:
        await queue.submit("c")
    assert refused.value.headers["Retry-After"] == "10"
    assert (await queue.submit("a")).identity == "a"
    await queue.claim()
    await queue.submit("c")


@pytest.mark.parametrize("final", [True, False])
async def test_a_failure_is_remembered_for_a_while(open_queue: Callable[..., Queue], final: bool) -> None:
    queue = open_queue(strikes=1, failure_memory_seconds=60)
    await queue.submit()
    job = await queue.claim()
    assert await queue.endings.fail(job, "unsupported_input", "Not audio.", final=final) is Status.FAILED
    failed, created = await queue.jobs.submit(new_job())
    assert (failed.id, created, failed.status) == (job.id, False, Status.FAILED)
    assert failed.failure is not None
    assert failed.failure == Failure("unsupported_input", "Not audio.", failed.failure.timestamp_ms, final)
    assert abs(failed.failure.timestamp_ms - failed.updated_ms) < 1000, "PostgreSQL's clock goes on within a statement"
    await queue.age(job.id, ended_ms=61_000)
    again, created = await queue.jobs.submit(new_job())
    assert created
    assert again.id != job.id
    # The new one answers from now on, though the old one's memory may still be fresh.
    await queue.age(job.id, ended_ms=-61_000)
    assert await queue.jobs.find("i") == again


async def test_runs_that_keep_nothing_join_each_other_for_ten_minutes(queue: Queue) -> None:
    kept = await queue.succeeded()
    first = await queue.submit(keep=Keep.NOTHING)
    assert first.id != kept.id
    assert (await queue.submit(keep=Keep.NOTHING)).id == first.id
    assert await queue.succeed(await queue.claim())
    assert (await queue.submit(keep=Keep.NOTHING)).id == first.id
    assert (await queue.submit()).id == kept.id
    await queue.age(first.id, ended_ms=10 * 60_000 + 1)
    second = await queue.submit(keep=Keep.NOTHING)
    assert second.id not in (first.id, kept.id)
    assert await queue.succeed(await queue.claim())
    assert len({kept.id, first.id, second.id}) == (await queue.ledger.audit()).total.jobs == 3


async def test_runs_that_keep_nothing_race_to_one_job(queue: Queue) -> None:
    answers = await asyncio.gather(*(queue.jobs.submit(new_job(keep=Keep.NOTHING)) for _ in range(30)))
    assert len({job.id for job, _ in answers}) == 1


async def test_get_and_newest_belong_to_the_account(queue: Queue) -> None:
    made = [await queue.submit(f"i{n}") for n in range(12)]
    await queue.submit("theirs", account=OTHER)
    await queue.submit("reset", type="ResetCacheJob")
    assert await queue.jobs.get(OTHER, made[0].id) is None
    assert await queue.jobs.get(ACCOUNT, "nope") is None
    for seconds, job in enumerate(reversed(made)):
        await queue.age(job.id, created_ms=1000 * seconds)
    newest = await queue.jobs.newest(ACCOUNT, ["ProcessFileJob"])
    assert [job.identity for job in newest] == [f"i{n}" for n in range(11, 1, -1)]
    assert [job.type for job in await queue.jobs.newest(ACCOUNT, ["ResetCacheJob"])] == ["ResetCacheJob"]
    assert len(await queue.jobs.newest(ACCOUNT, ["ProcessFileJob", "ResetCacheJob"], limit=20)) == 13


async def test_cancel_a_waiting_job(queue: Queue) -> None:
    job = await queue.submit()
    assert await queue.jobs.cancel(OTHER, job.id) is None
    cancelled = await queue.jobs.cancel(ACCOUNT, job.id)
    assert cancelled is not None
    assert cancelled.status is Status.CANCELLED
    assert await queue.leases.claim(queue.owner) is None
    assert await queue.jobs.find("i") is None
    assert (await queue.submit()).id != job.id


async def test_cancel_a_running_job(queue: Queue) -> None:
    await queue.submit()
    job = await queue.claim()
    with queue.wakeups.job_changes(job.id) as bell:
        cancelling = await queue.jobs.cancel(ACCOUNT, job.id)
        async with asyncio.timeout(5):
            await bell.ring(60)
    assert cancelling is not None
    assert cancelling.status is Status.CANCELLING
    assert await queue.leases.beat(job, 50) is BeatAnswer.CANCEL
    assert await queue.endings.cancelled(job)
    assert not await queue.endings.cancelled(job)
    assert (await queue.job(job.id)).status is Status.CANCELLED
    assert await queue.leases.beat(job, 50) is BeatAnswer.LOST
    assert (await queue.ledger.audit()).total.jobs == 0
    assert [purge.job_id for purge in await queue.retention.purgeable()] == [job.id]


async def test_a_run_that_is_to_be_cancelled_cannot_succeed(queue: Queue) -> None:
    await queue.submit()
    job = await queue.claim()
    await queue.jobs.cancel(ACCOUNT, job.id)
    assert not await queue.succeed(job)
    assert (await queue.job(job.id)).status is Status.CANCELLED
    assert (await queue.ledger.audit()).total.jobs == 0
    assert [purge.job_id for purge in await queue.retention.purgeable()] == [job.id]


async def test_cancel_leaves_ended_jobs_alone(queue: Queue) -> None:
    done = await queue.succeeded()
    assert await queue.jobs.cancel(ACCOUNT, done.id) == done


async def test_waiting_ends_with_the_job(queue: Queue) -> None:
    job = await queue.submit()
    assert (await queue.jobs.wait(ACCOUNT, job.id, 0)) == job
    waiting = [asyncio.create_task(queue.jobs.wait(ACCOUNT, job.id, 60)) for _ in range(20)]
    await asyncio.wait(waiting, timeout=0.05)
    running = await queue.claim()
    assert not any(task.done() for task in waiting)
    await queue.succeed(running)
    async with asyncio.timeout(5):
        jobs = await asyncio.gather(*waiting)
    assert {job.status for job in jobs if job} == {Status.SUCCEEDED}
    assert await queue.jobs.wait(OTHER, job.id, 60) is None


async def test_waiting_sees_what_another_process_did(queue: Queue, open_queue: Callable[..., Queue]) -> None:
    """No bell rings here: the other program has its own."""
    job = await queue.submit()
    other = open_queue()
    waiting = asyncio.create_task(queue.jobs.wait(ACCOUNT, job.id, 60))
    await other.succeed(await other.claim())
    async with asyncio.timeout(5):
        ended = await waiting
    assert ended is not None
    assert ended.status is Status.SUCCEEDED


async def test_workers_are_woken(queue: Queue) -> None:
    claiming = asyncio.create_task(queue.claim_next())
    await asyncio.wait([claiming], timeout=0.05)
    loop = asyncio.get_running_loop()
    started = loop.time()
    job = await queue.submit()
    assert (await claiming).id == job.id
    assert loop.time() - started < 0.9, "woken, not found by looking again"


async def test_an_old_failure_does_not_hide_a_cached_variant(queue: Queue) -> None:
    await queue.submit()
    failed = await queue.claim()
    await queue.endings.fail(failed, "unsupported_input", "No.", final=True)
    await queue.age(failed.id, ended_ms=HOUR_MS)
    done = await queue.succeeded()
    await queue.age(failed.id, ended_ms=-HOUR_MS)
    assert await queue.jobs.find("i") == done
