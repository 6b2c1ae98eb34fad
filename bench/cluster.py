"""Machines for measurements: web nodes and workers on one PostgreSQL (which writes to its disk as it would) and one S3-compatible store."""

import asyncio
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.clock import prefer, tree_cpu_seconds
from bench.inputs import FOLDER
from bench.setting import Bench
from tests.app.cluster import WorkerHost, shared_settings
from tests.servers import ObjectStore, Postgres, object_store, postgres
from tests.service import ROOT, Service


@dataclass(frozen=True, slots=True)
class Room:
    """What all machines share; a database of its own for each use."""

    bench: Bench
    database: Postgres
    objects: ObjectStore
    url: str
    shared: dict[str, str]

    def number(self, sql: str) -> float:
        """The one figure that a query finds."""
        return float(self.database.sql(sql, self.url) or 0)


@dataclass(frozen=True, slots=True)
class Machines:
    """Programs that run."""

    room: Room
    webs: Sequence[Service]
    workers: Sequence[WorkerHost]

    def cpu_seconds(self) -> tuple[float, float]:
        """What web nodes and workers have used so far."""
        return sum(tree_cpu_seconds(web.pid) for web in self.webs), sum(tree_cpu_seconds(worker.process.pid) for worker in self.workers)


@asynccontextmanager
async def room(bench: Bench, name: str, *originals: Path) -> AsyncIterator[Room]:
    """Servers, with these originals in the store under their own names."""
    with postgres("fsync = on") as database, object_store() as objects:
        url = database.database()
        shared = shared_settings(url, name, objects)
        made = Room(bench, database, objects, url, shared)
        data = FOLDER / "data" / "put"
        for original in originals:
            environment = {**shared, "SOUNDPATH_DATA_DIR": str(data)}
            put = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "app",
                "put",
                str(original),
                f"/{original.name}",
                cwd=ROOT,
                env=environment,
                stdout=asyncio.subprocess.DEVNULL,
            )
            if await put.wait():
                raise RuntimeError(f"{original} could not be put")
        shutil.rmtree(data, ignore_errors=True)
        yield made


@asynccontextmanager
async def machines(place: Room, webs: int, workers: int) -> AsyncIterator[Machines]:
    """So many web nodes and so many workers with one slot each, warm."""
    folder = FOLDER / "data" / "machines"
    shutil.rmtree(folder, ignore_errors=True)
    async with AsyncExitStack() as running:
        nodes = [Service(folder / f"web{n}", None, {**place.shared, "SOUNDPATH_WORKERS": "0"}) for n in range(webs)]
        for node in nodes:
            await running.enter_async_context(node)
        hosts = [WorkerHost(folder / f"work{n}", place.shared) for n in range(workers)]
        for host in hosts:
            await host.start()
            running.push_async_callback(host.end, signal.SIGKILL)
        await asyncio.sleep(3)  # everybody has started
        for pid in (*(node.pid for node in nodes), *(host.process.pid for host in hosts)):
            prefer(pid, place.bench.niceness)
        yield Machines(place, nodes, hosts)
