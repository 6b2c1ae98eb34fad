"""Who owns a job: order of claims, fencing by attempt, lost leases, dead owners, backoff."""

import os
from collections.abc import Callable

import pytest

from app.jobs.job import Priority, Status
from app.jobs.leases import BeatAnswer
from app.jobs.streams import Streams
from tests.app.jobs.conftest import ACCOUNT, OTHER, Queue


async def test_priority_then_fairness_then_age(queue: Queue) -> None:
    """A busy account does not starve a quiet one; a player outranks both."""
    for n in range(4):
        await queue.submit(f"busy{n}")
    for n in range(2):
        await queue.submit(f"quiet{n}", account=OTHER)
    await queue.submit("player", priority=Priority.REAL_TIME)
    order = [(await queue.claim()).identity for _ in range(7)]
    # The player's account runs one already, so the quiet one comes first.
    assert order == ["player", "quiet0", "busy0", "quiet1", "busy1", "busy2", "busy3"]


async def test_a_reserved_slot_takes_urgent_jobs_only(queue: Queue) -> None:
    await queue.submit("background")
    assert await queue.leases.claim(queue.owner, lowest=Priority.REAL_TIME) is None
    await queue.submit("live", priority=Priority.REAL_TIME)
    job = await queue.leases.claim(queue.owner, lowest=Priority.REAL_TIME)
    assert job is not None
    assert job.identity == "live"


async def test_an_expired_lease_goes_to_the_next_and_fences_the_sleeper(queue: Queue) -> None:
    await queue.submit()
    asleep = await queue.claim()
    assert await queue.leases.reap() == 0, "nobody is robbed before the lease is over"
    await queue.age(asleep.id, lease_until_ms=60_000)
    assert await queue.leases.reap() == 1
    assert await queue.leases.beat(asleep, 99) is BeatAnswer.LOST
    awake = await queue.claim()
    assert (awake.id, awake.attempt, awake.progress) == (asleep.id, 2, 0)
    # The same owner, but another attempt: every word of the first is refused.
    assert await queue.leases.beat(asleep, 99) is BeatAnswer.LOST
    assert not await queue.succeed(asleep)
    assert await queue.endings.fail(asleep, "internal_error", "x", final=True) is None
    assert not await queue.endings.cancelled(asleep)
    assert (await queue.ledger.audit()).total.jobs == 0
    assert (await queue.job(awake.id)).status is Status.RUNNING
    assert await queue.succeed(awake)
    assert not await queue.succeed(awake)
    assert (await queue.ledger.audit()).total.jobs == 1


async def test_a_beat_keeps_the_lease(queue: Queue) -> None:
    await queue.submit()
    job = await queue.claim()
    await queue.age(job.id, lease_until_ms=60_000)
    assert await queue.leases.beat(job, 1) is BeatAnswer.OURS
    assert await queue.leases.reap() == 0


async def test_a_job_that_is_lost_again_and_again_fails(open_queue: Callable[..., Queue]) -> None:
    queue = open_queue(strikes=3)
    await queue.submit()
    for attempt in (1, 2, 3):
        job = await queue.claim()
        assert job.attempt == attempt
        await queue.age(job.id, lease_until_ms=60_000)
        await queue.leases.reap()
    failed = await queue.job(job.id)
    assert failed.status is Status.FAILED
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.timestamp_ms) == ("internal_error", failed.updated_ms)
    assert await queue.leases.claim(queue.owner) is None


async def test_a_cancelling_job_of_a_lost_owner_is_cancelled(queue: Queue) -> None:
    await queue.submit()
    job = await queue.claim()
    await queue.jobs.cancel(ACCOUNT, job.id)
    await queue.age(job.id, lease_until_ms=60_000)
    assert await queue.leases.reap() == 1
    assert (await queue.job(job.id)).status is Status.CANCELLED


async def test_faults_are_retried_later_and_later(open_queue: Callable[..., Queue]) -> None:
    queue = open_queue(strikes=3, backoff_seconds=30)
    await queue.submit()
    for delay_ms in (30_000, 60_000):
        job = await queue.claim()
        assert await queue.endings.fail(job, "internal_error", "Broke.", final=False) is Status.PENDING
        await queue.age(job.id, not_before_ms=delay_ms - 5000)
        assert await queue.leases.claim(queue.owner) is None
        await queue.age(job.id, not_before_ms=5000)
    job = await queue.claim()
    assert await queue.endings.fail(job, "internal_error", "Broke.", final=False) is Status.FAILED
    assert (await queue.job(job.id)).attempt == 3


async def test_a_refused_input_is_not_retried(queue: Queue) -> None:
    await queue.submit()
    job = await queue.claim()
    assert await queue.endings.fail(job, "too_large", "Too long.", final=True) is Status.FAILED
    assert (await queue.job(job.id)).attempt == 1


async def test_nothing_is_wanted_of_a_job_that_has_failed(queue: Queue) -> None:
    streams = Streams(queue.database)
    await queue.submit()
    job = await queue.claim()
    await streams.want(job, 7)
    assert await streams.wants(job) == [7]
    await queue.endings.fail(job, "unsupported_input", "No sound.", final=True)
    assert await streams.wants(job) == []


async def test_a_fault_of_a_cancelled_job_cancels_it(queue: Queue) -> None:
    await queue.submit()
    job = await queue.claim()
    await queue.jobs.cancel(ACCOUNT, job.id)
    assert await queue.endings.fail(job, "internal_error", "Killed.", final=False) is Status.CANCELLED


async def test_release_gives_everything_back_without_a_strike(open_queue: Callable[..., Queue]) -> None:
    leaving, staying = open_queue(strikes=1), open_queue(strikes=1)
    for n in range(3):
        await leaving.submit(f"i{n}")
    await leaving.claim()
    doomed = await leaving.claim()
    await leaving.jobs.cancel(ACCOUNT, doomed.id)
    kept = await staying.claim()
    assert await leaving.leases.release(leaving.owner) == 2
    assert (await leaving.job(doomed.id)).status is Status.CANCELLED
    assert (await leaving.job(kept.id)).owner == staying.owner.id
    again = await staying.claim()
    assert (again.identity, again.attempt) == ("i0", 2)


@pytest.mark.parametrize("rounds", [5])
async def test_jobs_of_a_dead_owner_run_again_at_once_without_a_strike(open_queue: Callable[..., Queue], rounds: int) -> None:
    survivor = open_queue(strikes=1)
    await survivor.submit()
    for attempt in range(1, rounds + 1):
        program = open_queue(strikes=1)
        assert (await program.claim()).attempt == attempt
        assert await survivor.leases.reap() == 0, "its mark is locked: it lives"
        _die(program)
        assert await survivor.leases.reap() == 1
        assert await survivor.leases.reap() == 0
    assert (await survivor.claim()).attempt == rounds + 1


async def test_a_job_that_takes_its_host_down_does_not_do_so_for_ever(open_queue: Callable[..., Queue]) -> None:
    survivor = open_queue(attempts=2)
    job = await survivor.submit()
    for _ in range(2):
        program = open_queue(attempts=2)
        await program.claim()
        _die(program)
        await survivor.leases.reap()
    assert (await survivor.job(job.id)).status is Status.FAILED


async def test_an_owner_without_a_mark_here_is_left_to_its_lease(open_queue: Callable[..., Queue]) -> None:
    """It may live on another machine."""
    elsewhere, here = open_queue(), open_queue()
    await elsewhere.submit()
    await elsewhere.claim()
    elsewhere.owner.close()
    assert await here.leases.reap() == 0


def _die(program: Queue) -> None:
    """What the kernel does to a killed program's mark: the lock goes, the file stays."""
    os.close(program.owner._mark._descriptor)
