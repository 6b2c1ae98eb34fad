"""Several programs on one database, and what `kill -9` leaves: real processes, real kills."""

import random
from collections.abc import Callable
from pathlib import Path

from app.jobs.job import LIVE, Status
from tests.app.jobs.conftest import ACCOUNT, Queue
from tests.app.jobs.programs import SPAWN, claim_and_hang, start, submit_many, work_on

PROGRAMS = 4
IDENTITIES = 10


async def test_programs_that_race_get_one_row_each_identity(queue: Queue, database_url: str, tmp_path: Path) -> None:
    begin, answers = SPAWN.Event(), SPAWN.Queue()
    programs = [start(submit_many, database_url, tmp_path, IDENTITIES, begin, answers) for _ in range(PROGRAMS)]
    begin.set()
    told = dict(answers.get(timeout=60) for _ in programs)
    for program in programs:
        program.join(60)
    assert [program.exitcode for program in programs] == [0] * PROGRAMS
    assert len(told) == PROGRAMS
    assert len({tuple(sorted(ids.items())) for ids in told.values()}) == 1, "every program was told the same jobs"
    jobs = await queue.jobs.newest(ACCOUNT, ["ProcessFileJob"], limit=1000)
    assert sorted(job.identity for job in jobs) == sorted([*(f"i{n}" for n in range(IDENTITIES)), "warm-up"])


async def test_after_kill_9_the_job_is_free_at_once_and_the_dead_are_fenced(
    open_queue: Callable[..., Queue], database_url: str, tmp_path: Path
) -> None:
    survivor = open_queue(lease_seconds=3600)
    job = await survivor.submit()
    answers = SPAWN.Queue()
    program = start(claim_and_hang, database_url, tmp_path, answers)
    assert answers.get(timeout=60)[:2] == (job.id, 1)
    held = await survivor.job(job.id)
    assert await survivor.leases.reap() == 0, "it lives"
    program.kill()
    program.join(60)
    assert await survivor.leases.reap() == 1
    again = await survivor.claim()
    assert (again.id, again.attempt) == (job.id, 2)
    assert not await survivor.succeed(held), "a late word of the dead"
    assert await survivor.succeed(again)
    audit = await survivor.ledger.audit()
    assert (audit.total.jobs, audit.jobs_without_charge, audit.charges_without_job) == (1, (), ())


async def test_kills_at_random_moments_lose_and_double_nothing(queue: Queue, database_url: str, tmp_path: Path) -> None:
    dice = random.Random(20)
    jobs = [await queue.submit(f"i{n}") for n in range(60)]
    for _ in range(6):
        answers = SPAWN.Queue()  # each its own: a program may be killed while it holds its queue's lock
        program = start(work_on, database_url, tmp_path, answers)
        assert answers.get(timeout=60)[0] == "started"
        program.join(dice.uniform(0, 0.25))
        program.kill()
        program.join(60)
    await queue.leases.reap()
    left = [job for job in [await queue.job(job.id) for job in jobs] if job.status in LIVE]
    assert {job.status for job in left} <= {Status.PENDING}, "nothing is stuck Running"
    while job := await queue.leases.claim(queue.owner):
        assert await queue.succeed(job)
    audit = await queue.ledger.audit()
    assert (audit.total.jobs, audit.jobs_without_charge, audit.charges_without_job) == (60, (), ())
    assert {(await queue.job(job.id)).status for job in jobs} == {Status.SUCCEEDED}
