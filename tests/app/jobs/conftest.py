"""One queue on a database of its own, as the service wires it, and the words the tests use."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from app.jobs.endings import Endings
from app.jobs.job import ArtifactFile, Job, Keep, NewJob, Priority, Result, SourceVersion
from app.jobs.jobs import Jobs
from app.jobs.leases import Leases
from app.jobs.limits import JobLimits
from app.jobs.owners import Owner
from app.jobs.retention import Retention
from app.jobs.wakeups import Wakeups
from app.ledger import Ledger
from app.metering import Charge
from storage.db import Database
from transforms.spec import Format

ACCOUNT = "W142hJk"
OTHER = "X142hJk"
CHARGE = Charge(60 * 28_224_000, 45 * 564_480_000)
HOUR_MS = 3_600_000


def new_job(identity: str = "i", **changes: object) -> NewJob:
    values: dict[str, object] = {
        "account": ACCOUNT,
        "path": "/song.flac",
        "identity": identity,
        "format": Format.MP3,
        "canonical": "f=mp3",
        "query": "f=mp3",
        "version": None,
        "keep": Keep.PERMANENT,
        "priority": Priority.BACKGROUND,
    }
    return NewJob(**(values | changes))  # type: ignore[arg-type]


def result_of(job: Job, size_bytes: int = 1000) -> Result:
    return Result("/audio.mp3", (ArtifactFile("/audio.mp3", f"k/{job.id}", size_bytes, "e"),), 60 * 28_224_000, 128)


@dataclass
class Queue:
    """The parts of one program that works with jobs."""

    database: Database
    folder: Path
    limits: JobLimits = field(default_factory=JobLimits)

    def __post_init__(self) -> None:
        self.wakeups = Wakeups()
        self.jobs = Jobs(self.database, self.wakeups, self.limits)
        self.leases = Leases(self.database, self.wakeups, self.limits, self.folder / "owners")
        self.endings = Endings(self.database, self.wakeups, self.limits)
        self.retention = Retention(self.database, self.wakeups)
        self.ledger = Ledger(self.database)
        self.owner = Owner(self.folder / "owners")

    async def submit(self, identity: str = "i", **changes: object) -> Job:
        job, _ = await self.jobs.submit(new_job(identity, **changes))
        return job

    async def claim(self) -> Job:
        job = await self.leases.claim(self.owner)
        assert job is not None
        return job

    async def claim_next(self) -> Job:
        """Wait for a job to claim."""
        lowest, highest = Priority.BACKGROUND, Priority.REAL_TIME
        return await self.leases.next_of(lambda: self.leases.claim(self.owner), lowest, highest)

    async def succeed(self, job: Job, size_bytes: int = 1000) -> bool:
        return await self.endings.succeed(job, result_of(job, size_bytes), (SourceVersion(job.path, "v1"),), CHARGE)

    async def succeeded(self, identity: str = "i", **changes: object) -> Job:
        """Submit, claim, succeed."""
        await self.submit(identity, **changes)
        job = await self.claim()
        assert job.identity == identity
        assert await self.succeed(job)
        return await self.job(job.id, job.account)

    async def job(self, job_id: str, account: str = ACCOUNT) -> Job:
        job = await self.jobs.get(account, job_id)
        assert job is not None
        return job

    async def age(self, job_id: str, **columns: int) -> None:
        """Let time pass for one row: move its times into the past, by milliseconds."""
        moved = ", ".join(f"{column} = {column} - {ms}" for column, ms in columns.items())
        async with self.database.write() as connection:
            await connection.execute(text(f"UPDATE jobs SET {moved} WHERE id = :id"), {"id": job_id})
            if "not_before_ms" in columns and not self.database.is_sqlite:
                past = {"seconds": columns["not_before_ms"] / 1000}
                await connection.execute(text("UPDATE pgqueuer SET execute_after = execute_after - make_interval(secs => :seconds)"), past)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
def open_queue(database: Database, tmp_path: Path) -> Callable[..., Queue]:
    """Another program's view of the same database: `open_queue(strikes=1)`."""
    return lambda **limits: Queue(database, tmp_path, JobLimits(**limits))


@pytest.fixture
def queue(open_queue: Callable[..., Queue]) -> Queue:
    return open_queue()
