"""Whatever programs do in whatever order: one flight per identity, one charge per success, and no word of a stale owner counts."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from app.jobs.errors import QueueFull
from app.jobs.job import Job, Keep, Status
from app.jobs.leases import BeatAnswer
from storage.db import Database
from tests.app.jobs.conftest import ACCOUNT, Queue, new_job

NAMES = "abc"
LIMITS: dict[str, int] = {"strikes": 3, "backoff_seconds": 0, "failure_memory_seconds": 0, "queue": 4}
DOUBLE_FLIGHTS = """
    SELECT keep = 'nothing', identity FROM jobs
    WHERE status IN ('Created', 'Pending', 'Running', 'Rollback', 'Cancelling')
       OR (status = 'Succeeded' AND retired_ms IS NULL AND keep != 'nothing')
    GROUP BY 1, 2 HAVING count(*) > 1
"""


class Walk:
    """Two programs on one database take random steps. `claims` are what each believes to own, stale beliefs included."""

    def __init__(self, programs: list[Queue], dice: random.Random) -> None:
        self.programs = programs
        self.dice = dice
        self.claims: list[tuple[Queue, Job]] = []
        self.succeeded: list[str] = []
        self.steps = {
            self.submit: 30,
            self.claim: 30,
            self.beat: 5,
            self.succeed: 20,
            self.fail: 8,
            self.lose_the_lease: 6,
            self.release: 2,
            self.cancel: 6,
            self.confirm_cancelled: 6,
            self.reset: 8,
        }

    async def step(self) -> None:
        """One random step of a random program."""
        chosen = self.dice.choices(list(self.steps), list(self.steps.values()))[0]
        await chosen(self.dice.choice(self.programs))

    async def submit(self, queue: Queue) -> None:
        name, keep = self.dice.choice(NAMES), self.dice.choice(list(Keep))
        try:
            await queue.submit(name, path=f"/{name}", keep=keep)
        except QueueFull:
            waiting = [job for job in await self.newest(queue) if job.status is Status.PENDING]
            assert len(waiting) == LIMITS["queue"]

    async def claim(self, queue: Queue) -> None:
        if job := await queue.leases.claim(queue.owner):
            self.claims.append((queue, job))

    async def beat(self, _: Queue) -> None:
        async for queue, job, _now, ours in self.believed():
            assert (await queue.leases.beat(job, 50) is not BeatAnswer.LOST) == ours

    async def succeed(self, _: Queue) -> None:
        async for queue, job, now, ours in self.believed():
            succeeded = await queue.succeed(job)
            assert succeeded == (ours and now.status is Status.RUNNING)
            self.succeeded += [job.id] * succeeded

    async def fail(self, _: Queue) -> None:
        async for queue, job, _now, ours in self.believed():
            final = self.dice.random() < 0.3
            assert (await queue.endings.fail(job, "internal_error", "x", final=final) is not None) == ours

    async def confirm_cancelled(self, _: Queue) -> None:
        async for queue, job, now, ours in self.believed():
            assert await queue.endings.cancelled(job) == (ours and now.status is Status.CANCELLING)

    async def lose_the_lease(self, queue: Queue) -> None:
        async for owner, job, _now, _ours in self.believed():
            await owner.age(job.id, lease_until_ms=3_600_000)
            await queue.leases.reap()

    async def release(self, queue: Queue) -> None:
        await queue.leases.release(queue.owner)

    async def cancel(self, queue: Queue) -> None:
        if jobs := await self.newest(queue):
            await queue.jobs.cancel(ACCOUNT, self.dice.choice(jobs).id)

    async def reset(self, queue: Queue) -> None:
        await queue.retention.retire_path(ACCOUNT, f"/{self.dice.choice(NAMES)}")

    async def newest(self, queue: Queue) -> list[Job]:
        return await queue.jobs.newest(ACCOUNT, ["ProcessFileJob"], limit=1000)

    async def believed(self) -> AsyncIterator[tuple[Queue, Job, Job, bool]]:
        """One of the recent claims: who made it, what was claimed, what the database says now, and whether it still holds."""
        if self.claims:
            queue, job = self.dice.choice(self.claims[-4:])
            now = await queue.job(job.id)
            yield queue, job, now, (now.owner == queue.owner.id and now.attempt == job.attempt)


async def check(walk: Walk) -> None:
    queue = walk.programs[0]
    async with queue.database.read() as connection:
        assert (await connection.execute(text(DOUBLE_FLIGHTS))).all() == []
    audit = await queue.ledger.audit()
    assert (audit.jobs_without_charge, audit.charges_without_job) == ((), ())
    assert len(set(walk.succeeded)) == len(walk.succeeded) == audit.total.jobs


@pytest.mark.parametrize("seed", range(6))
async def test_any_order(open_queue: Callable[..., Queue], seed: int) -> None:
    walk = Walk([open_queue(**LIMITS), open_queue(**LIMITS)], random.Random(seed))
    for _ in range(150):
        await walk.step()
        await check(walk)
    assert len(walk.succeeded) > 3
    assert len(walk.claims) > len(walk.succeeded) + 3


async def test_all_at_once(open_queue: Callable[..., Queue], database_url: str, tmp_path: Path) -> None:
    """The same words spoken at the same time over two connection pools: what they answer varies, the facts do not."""
    second = Database(database_url)
    programs = [open_queue(**LIMITS), Queue(second, tmp_path, open_queue(**LIMITS).limits)]
    dice = random.Random(1)
    succeeded: list[str] = []

    async def live(queue: Queue) -> None:
        for _ in range(25):
            name = dice.choice(NAMES)
            submitted = await queue.jobs.submit(new_job(name, path=f"/{name}", keep=dice.choice(list(Keep))))
            if job := await queue.leases.claim(queue.owner):
                answers = await asyncio.gather(
                    queue.succeed(job), queue.succeed(job), queue.leases.beat(job, 5), queue.jobs.cancel(ACCOUNT, submitted[0].id)
                )
                succeeded.extend([job.id] * (answers[0] + answers[1]))
            await queue.retention.retire_path(ACCOUNT, f"/{name}")

    try:
        async with asyncio.TaskGroup() as group:
            for queue in programs * 2:
                group.create_task(live(queue))
        walk = Walk(programs, dice)
        walk.succeeded = succeeded
        await check(walk)
        assert len(succeeded) > 10
    finally:
        await second.close()


async def test_who_changes_many_rows_waits_in_no_circle(open_queue: Callable[..., Queue], database_url: str, tmp_path: Path) -> None:
    """Resets, takings back and purges of the same jobs, beside ends of single ones: none is refused as a deadlock."""
    second = Database(database_url)
    first = open_queue(strikes=100, attempts=1000, backoff_seconds=0)
    try:
        async with asyncio.TaskGroup() as group:
            for queue in (first, Queue(second, tmp_path, first.limits)):
                group.create_task(_change_many(queue))
                group.create_task(_reset(queue))
                for name in "abcdefgh":
                    group.create_task(_work(queue, name))
        assert (await first.ledger.audit()).total.jobs > 0
    finally:
        await second.close()


async def _work(queue: Queue, name: str) -> None:
    for _ in range(60):
        await queue.submit(name, path=f"/{name}")
        if job := await queue.leases.claim(queue.owner):
            await queue.succeed(job)


async def _reset(queue: Queue) -> None:
    for _ in range(100):
        await queue.retention.retire_prefix(ACCOUNT, "/")


async def _change_many(queue: Queue) -> None:
    for _ in range(100):
        await queue.leases.release(queue.owner)
        await queue.retention.purged([purge.job_id for purge in await queue.retention.purgeable()])
