"""Two machines, each with a web node and a worker, on PostgreSQL and S3; where root allows it the second one lives behind a router."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.app.cluster import Cluster, WorkerHost, put_chirp, shared_settings
from tests.faults.disk import SmallDisk, small_disk
from tests.faults.leftovers import take_away_leftovers
from tests.faults.network import Network, two_networks
from tests.faults.whole_objects import whole_objects
from tests.servers import free_port, object_store, postgres
from tests.service import ACCOUNT, Service

NEAR, FAR = 0, 1
VICTIM_REPEATS = 20  # seconds of work
VICTIMS_AT_MOST = 12
CLAIMED_SECONDS = 60
NO_SPACE_BYTES = 2**20  # less is a full disk
CACHE_BYTES = 48 * 2**20
MORTAL = ("setpriv", "--pdeathsig", "KILL", "--")  # whoever kills the tests kills their programs, too

T = TypeVar("T")

REFUSED = (OSError, subprocess.CalledProcessError)


@dataclass
class House(Cluster):
    """A cluster with what is needed to break it. `network` and `disk` (the near worker's) are None where they cannot be had."""

    network: Network | None
    disk: SmallDisk | None
    prefix: str
    victims: int = 0

    async def victim(self, on: WorkerHost | None = None) -> tuple[str, WorkerHost]:
        """A long job that is being worked now, on this worker if one is named: its id, and who has it."""
        for _ in range(VICTIMS_AT_MOST):
            self.victims += 1
            target = f"/{ACCOUNT}/audio/chirp.wav?f=mp3&rp={VICTIM_REPEATS}&version=victim-{self.victims}"
            job_id: str = (await self.webs[NEAR].get(target)).json()["jobId"]
            await self.until(f"id = '{job_id}' AND status = 'Running' AND owner IS NOT NULL", CLAIMED_SECONDS)
            holder = await asyncio.to_thread(self.working, job_id)
            if on is None or holder is on:
                return job_id, holder
        raise AssertionError("the worker takes no job")

    async def revive(self) -> None:
        """Start whatever is dead."""
        for worker in self.workers:
            if worker.process.returncode is not None:
                await worker.start()


@asynccontextmanager
async def running_house(folder: Path) -> AsyncIterator[House]:
    """Everything started, with /chirp.wav in the store."""
    take_away_leftovers()
    async with AsyncExitStack() as parts:
        network = _try(parts, two_networks())
        disk = _try(parts, small_disk(folder / "work0"))
        near, far = (network.near, network.far) if network else ("127.0.0.1", "127.0.0.1")
        behind = (*MORTAL, *(network.launcher if network else ()))
        database = parts.enter_context(postgres(address=near))
        objects = parts.enter_context(object_store(near))
        url = database.database()
        shared = shared_settings(url, folder.name, objects)
        shared["SOUNDPATH_S3_ENDPOINT"] = await parts.enter_async_context(whole_objects(objects))
        shared |= {"SOUNDPATH_FREE_SPACE_BYTES": str(NO_SPACE_BYTES), "SOUNDPATH_LOCAL_CACHE_BYTES": str(CACHE_BYTES)}
        await put_chirp(folder, shared)
        webs = []
        for number, (address, launcher) in enumerate(((near, MORTAL), (far, behind))):
            place = {"SOUNDPATH_HOST": address, "SOUNDPATH_PORT": str(free_port()), "SOUNDPATH_WORKERS": "0"}
            webs.append(Service(folder / f"web{number}", None, {**shared, **place}, launcher=launcher))
            await parts.enter_async_context(webs[-1])
            webs[-1].secret = webs[0].secret
        workers = [WorkerHost(folder / "work0", shared, MORTAL), WorkerHost(folder / "work1", shared, behind)]
        for worker in workers:
            await worker.start()
            parts.push_async_callback(worker.end, signal.SIGKILL)
        yield House(webs, workers, database, objects, url, network, disk, folder.name)


def _try(parts: AsyncExitStack, wanted: AbstractContextManager[T]) -> T | None:
    try:
        return parts.enter_context(wanted)
    except REFUSED:
        return None
