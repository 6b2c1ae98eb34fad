"""Machines for tests: web nodes and workers, each a real program with a data folder of its own, on one PostgreSQL and one S3 store."""

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import tones
from tests.servers import BUCKET, ObjectStore, Postgres
from tests.service import ROOT, Service

LEASE_SECONDS = 6
CHIRP_SECONDS = 20
CHIRP_HZ = 48_000


@dataclass
class WorkerHost:
    """`python -m app work`."""

    data: Path
    environment: dict[str, str]
    launcher: tuple[str, ...] = ()

    async def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        environment = {"PATH": os.environ["PATH"], "SOUNDPATH_DATA_DIR": str(self.data), "SOUNDPATH_WORKERS": "1", **self.environment}
        with self._log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.launcher, sys.executable, "-m", "app", "work", cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    async def end(self, number: signal.Signals) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(60):
            return await self.process.wait()

    def log(self) -> str:
        return self._log_file.read_text()

    @property
    def _log_file(self) -> Path:
        return self.data.with_name(f"{self.data.name}.log")  # beside it: somebody may fill its disk


@dataclass
class Cluster:
    webs: list[Service]
    workers: list[WorkerHost]
    database: Postgres
    objects: ObjectStore
    url: str

    def sql(self, statement: str) -> str:
        return self.database.sql(statement, self.url)

    async def until(self, wanted: str, seconds: float = 60) -> float:
        """Wait until a job's row is like this; how long that took."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        async with asyncio.timeout(seconds):
            while await asyncio.to_thread(self.sql, f"SELECT count(*) FROM jobs WHERE {wanted}") == "0":  # noqa: ASYNC110 (only rows tell)
                await asyncio.sleep(0.02)
        return clock() - begun

    def working(self, job_id: str) -> WorkerHost:
        """Who has the job, by its log."""
        owner = self.sql(f"SELECT owner FROM jobs WHERE id = '{job_id}'")
        return next(worker for worker in self.workers if (worker.data / "owners" / f"{owner}.lock").exists())


@asynccontextmanager
async def running_cluster(folder: Path, database: Postgres, objects: ObjectStore, **environment: str) -> AsyncIterator[Cluster]:
    """Two web nodes, two workers, and /chirp.wav in the store."""
    url = database.database()
    shared = shared_settings(url, folder.name, objects) | environment
    await put_chirp(folder, shared)
    webs = [Service(folder / f"web{n}", None, {**shared, "SOUNDPATH_WORKERS": "0"}) for n in range(2)]
    workers = [WorkerHost(folder / f"work{n}", shared) for n in range(2)]
    async with AsyncExitStack() as machines:
        for web in webs:
            await machines.enter_async_context(web)
            web.secret = webs[0].secret
        for worker in workers:
            await worker.start()
            machines.push_async_callback(worker.end, signal.SIGKILL)
        yield Cluster(webs, workers, database, objects, url)


def shared_settings(url: str, prefix: str, objects: ObjectStore) -> dict[str, str]:
    """What every machine is told: a database, and where in the bucket."""
    return {
        "SOUNDPATH_DATABASE_URL": url,
        "SOUNDPATH_STORE": f"s3://{BUCKET}/{prefix}",
        "SOUNDPATH_HOSTS": "4",
        "SOUNDPATH_DRAIN_SECONDS": "1",
        "SOUNDPATH_LEASE_SECONDS": str(LEASE_SECONDS),
        "SOUNDPATH_SECRET": base64.b64encode(bytes(range(32))).decode(),
        **objects.environment,
    }


async def put_chirp(folder: Path, shared: dict[str, str]) -> None:
    file = folder / "chirp.wav"
    tones.write(file, tones.chirp(CHIRP_SECONDS, CHIRP_HZ), CHIRP_HZ)
    environment = {"PATH": os.environ["PATH"], "SOUNDPATH_DATA_DIR": str(folder / "put"), **shared}
    put = await asyncio.create_subprocess_exec(sys.executable, "-m", "app", "put", str(file), "/chirp.wav", cwd=ROOT, env=environment)
    assert await put.wait() == 0
