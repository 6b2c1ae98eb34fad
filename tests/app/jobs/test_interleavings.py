"""Whatever programs do in whatever order: one flight per identity, one charge per success, and no word of a stale owner counts."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from app.jobs.job import Job, Keep, Status
from app.jobs.leases import BeatAnswer
from app.jobs.limits import JobLimits
from storage.db import Database
from tests.app.jobs.conftest import ACCOUNT, Queue, database_url

PROGRAMS = st.integers(0, 1)
NAMES = st.sampled_from(["a", "b", "c"])
DOUBLE_FLIGHTS = """
    SELECT keep = 'nothing', identity FROM jobs
    WHERE status IN ('Created', 'Pending', 'Running', 'Rollback', 'Cancelling')
       OR (status = 'Succeeded' AND retired_ms IS NULL AND keep != 'nothing')
    GROUP BY 1, 2 HAVING count(*) > 1
"""


class TwoPrograms(RuleBasedStateMachine):
    """Two programs share a database. `claims` are what each believes to own, stale beliefs included."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.Runner()
        self.loop.run(self._open())
        self.claims: list[tuple[int, Job]] = []
        self.succeeded: set[str] = set()

    async def _open(self) -> None:
        folder = Path(self.folder.name)
        self.database = Database(database_url(folder))
        await self.database.migrate()
        limits = JobLimits(strikes=2, backoff_seconds=0, failure_memory_seconds=0, queue=4)
        self.programs = [Queue(self.database, folder, limits) for _ in range(2)]

    def teardown(self) -> None:
        self.loop.run(self.database.close())
        self.loop.close()
        self.folder.cleanup()

    @rule(program=PROGRAMS, name=NAMES, keep=st.sampled_from(list(Keep)))
    def submit(self, program: int, name: str, keep: Keep) -> None:
        first, second = self.loop.run(self._submit_twice(program, name, keep))
        if first is not None and second is not None:
            assert first.id == second.id

    async def _submit_twice(self, program: int, name: str, keep: Keep) -> list[Job | None]:
        queue = self.programs[program]
        jobs = [queue.submit(name, path=f"/{name}", keep=keep) for _ in range(2)]
        answers = await asyncio.gather(*jobs, return_exceptions=True)
        return [answer if isinstance(answer, Job) else None for answer in answers]

    @rule(program=PROGRAMS)
    def claim(self, program: int) -> None:
        job = self.loop.run(self.programs[program].leases.claim(self.programs[program].owner))
        if job is not None:
            self.claims.append((program, job))

    @precondition(lambda self: self.claims)
    @rule(pick=st.integers(0, 9), what=st.sampled_from(["beat", "succeed", "succeed", "fail", "final", "cancelled"]))
    def word_of_a_worker(self, pick: int, what: str) -> None:
        program, job = self.claims[pick % len(self.claims)]
        self.loop.run(self._word(self.programs[program], job, what))

    async def _word(self, queue: Queue, job: Job, what: str) -> None:
        now = await queue.job(job.id)
        ours = now.owner == queue.owner.id and now.attempt == job.attempt
        if what == "beat":
            assert (await queue.leases.beat(job, 50) is not BeatAnswer.LOST) == ours
        elif what == "succeed":
            succeeded = await queue.succeed(job)
            assert succeeded == (ours and now.status is Status.RUNNING)
            if succeeded:
                assert job.id not in self.succeeded
                self.succeeded.add(job.id)
        elif what == "cancelled":
            assert await queue.endings.cancelled(job) == (ours and now.status is Status.CANCELLING)
        else:
            assert (await queue.endings.fail(job, "internal_error", "x", final=what == "final") is not None) == ours

    @precondition(lambda self: self.claims)
    @rule(pick=st.integers(0, 9))
    def lease_runs_out(self, pick: int) -> None:
        program, job = self.claims[pick % len(self.claims)]
        self.loop.run(self.programs[program].age(job.id, lease_until_ms=3_600_000))
        self.loop.run(self.programs[1 - program].leases.reap())

    @rule(program=PROGRAMS)
    def release(self, program: int) -> None:
        self.loop.run(self.programs[program].leases.release(self.programs[program].owner))

    @rule(program=PROGRAMS, pick=st.integers(0, 9))
    def cancel(self, program: int, pick: int) -> None:
        jobs = self.loop.run(self.programs[program].jobs.newest(ACCOUNT, ["ProcessFileJob"]))
        if jobs:
            self.loop.run(self.programs[program].jobs.cancel(ACCOUNT, jobs[pick % len(jobs)].id))

    @rule(program=PROGRAMS, name=NAMES)
    def reset(self, program: int, name: str) -> None:
        self.loop.run(self.programs[program].retention.retire_path(ACCOUNT, f"/{name}"))

    @invariant()
    def one_flight_and_one_charge(self) -> None:
        async def look() -> None:
            async with self.database.read() as connection:
                assert (await connection.execute(text(DOUBLE_FLIGHTS))).all() == []
            audit = await self.programs[0].ledger.audit()
            assert (audit.total.jobs, audit.jobs_without_charge, audit.charges_without_job) == (len(self.succeeded), (), ())

        self.loop.run(look())


def test_any_order() -> None:
    chosen = settings(max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    run_state_machine_as_test(TwoPrograms, settings=chosen)
