"""The worker, with work that fails in the ways of back ends and foreign libraries."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy.exc import OperationalError

from app.jobs.job import Job, Result, Status
from app.jobs.outages import until_back
from app.produce import Produced
from app.worker import Desk, Trade, Worker, WorkerOptions
from storage.errors import StorageError, StoreFull, StoreUnavailable
from tests.app.jobs.conftest import CHARGE, Queue, result_of


async def _nothing(*_: object) -> None:
    return None


async def _made(job: Job, _report: object) -> Produced:
    return Produced(result_of(job), (), CHARGE, frozenset({job.attempt}))


@asynccontextmanager
async def working(
    queue: Queue, produce: Callable[..., Awaitable[Produced]], succeeded: Callable[..., Awaitable[None]]
) -> AsyncIterator["asyncio.Task[None]"]:
    desk = Desk(queue.leases, queue.endings, queue.wakeups, queue.owner)
    worker = Worker(desk, WorkerOptions(slots=1, lease_seconds=20), Trade(produce, _nothing, _nothing, succeeded, _nothing))
    running = asyncio.create_task(worker.run())
    try:
        yield running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def ended(queue: Queue, job: Job) -> Job:
    found = await queue.jobs.wait(job.account, job.id, 30)
    assert found is not None
    return found


async def test_what_foreign_errors_call_their_code_is_no_code_of_ours(open_queue: Callable[..., Queue]) -> None:
    queue = open_queue(strikes=1)

    async def produce(_job: Job, _report: object) -> Produced:
        raise OperationalError("SELECT secret", {}, Exception("database is locked"))

    async with working(queue, produce, _nothing):
        failed = await ended(queue, await queue.submit())
    assert failed.failure is not None
    assert failed.failure.code == "internal_error"
    assert "secret" not in failed.failure.message


async def test_a_database_that_goes_away_after_a_success_stops_no_worker(queue: Queue) -> None:
    told = []

    async def succeeded(job: Job, _result: Result) -> None:
        told.append(job.identity)
        if len(told) == 1:
            raise StoreUnavailable("away")

    async with working(queue, _made, succeeded) as running:
        for identity in ("a", "b"):
            assert (await ended(queue, await queue.submit(identity))).status is Status.SUCCEEDED
        assert not running.done()
    assert told[:2] == ["a", "a"]


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreFull("the database's disk")])
async def test_what_must_be_said_is_said_again(error: StorageError) -> None:
    tries = []

    async def call() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise error
        return len(tries)

    assert await until_back(call) == 2
