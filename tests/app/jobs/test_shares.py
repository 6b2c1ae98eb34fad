"""Shares of one encode: every range is somebody's until it is made, whoever takes one and gives it back."""

from app.jobs.job import Job
from app.jobs.shares import Share, Shares
from tests.app.jobs.conftest import Queue
from transforms.engine.messages import Span

RANGES = ((Span(0, 100),), (Span(100, None),))


async def laid_out(queue: Queue) -> tuple[Shares, Job]:
    shares = Shares(queue.database, queue.wakeups, lease_seconds=60)
    await queue.submit()
    job = await queue.claim()
    await shares.lay_out(job, "plan", RANGES)
    return shares, job


async def taken(shares: Shares) -> Share:
    share = await shares.take("another", ())
    assert share is not None
    return share


async def test_the_owner_waits_for_a_range_that_was_just_given_back(queue: Queue) -> None:
    """He has found nothing free; then it is given back; then he asks whether all are made."""
    shares, job = await laid_out(queue)
    assert await shares.take_back(job, 0, ()) == 0
    share = await taken(shares)
    assert await shares.take_back(job, 1, {0}) is None
    await shares.give_back(share)
    assert await shares.awaited(job) == 1
    assert await shares.take_back(job, 1, {0}) == 1
    assert await shares.awaited(job) == 0


async def test_nobody_helps_with_an_attempt_that_is_over(queue: Queue) -> None:
    shares, job = await laid_out(queue)
    share = await taken(shares)
    await queue.endings.postpone(job)
    assert await shares.take("another", ()) is None
    assert not await shares.beat(share)
    assert not await shares.bring(share, ())


async def test_declined_attempts_are_left_to_others(queue: Queue) -> None:
    shares, job = await laid_out(queue)
    assert await shares.take("another", {(job.id, job.attempt)}) is None
    assert await shares.take("another", {(job.id, job.attempt + 1)}) is not None
