"""From a job's commit to its claim by a waiting worker, on PostgreSQL: `python -m bench.dispatch [--url postgresql://…]`.

Two ways are measured side by side, each in two programs' worth of connections on this machine: PgQueuer's tickets, which is how the
service works, and the same statements without a ticket (FOR UPDATE SKIP LOCKED on the jobs alone), which is what they cost.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from app.jobs import leases
from app.jobs.job import Job, Keep, NewJob, Priority
from app.jobs.jobs import Jobs
from app.jobs.leases import Leases
from app.jobs.limits import JobLimits
from app.jobs.owners import Owner
from app.jobs.relay import RelayedWakeups
from app.jobs.turn import Turn
from bench.figures import Figure, Outcome
from bench.setting import Bench
from storage.channel import Channel
from storage.db import Database
from tests.servers import postgres
from transforms.spec import Format

ROUNDS = 300
P50_MS, P99_MS = 5, 12
TICKETS, ROWS = "PgQueuer's tickets", "rows alone"
PAUSE_SECONDS = 0.01
ACCOUNT = "W142hJk"


class Program:
    """One program's part of the queue, on connections of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.database = Database(url)
        self.wakeups = RelayedWakeups()
        self.channel = Channel(url, self.wakeups.hear, self.wakeups.missed)
        self.wakeups.tell = self.channel.tell
        self.jobs = Jobs(self.database, self.wakeups, JobLimits())
        self.leases = Leases(self.database, self.wakeups, JobLimits(), folder)
        self.owner = Owner(folder)


@asynccontextmanager
async def program(url: str, folder: Path) -> AsyncIterator[Program]:
    made = Program(url, folder)
    await made.database.migrate()
    speaking = asyncio.create_task(made.channel.run())
    await asyncio.sleep(0.5)
    yield made
    speaking.cancel()
    made.owner.close()
    await made.database.close()


async def _next_job(worker: Program) -> Job:
    """Waits as a worker does."""
    return await worker.leases.next_of(lambda: worker.leases.claim(worker.owner), Priority.BACKGROUND, Priority.REAL_TIME)


async def dispatch_ms(web: Program, worker: Program, name: str) -> tuple[list[float], list[float]]:
    """Milliseconds that submitting took, and those from its end to the claim's."""
    submitting: list[float] = []
    claiming: list[float] = []
    for number in range(ROUNDS):
        claim = asyncio.create_task(_next_job(worker))
        await asyncio.sleep(PAUSE_SECONDS)
        begun = time.perf_counter()
        await web.jobs.submit(_new(f"{name}-{number}"))
        queued = time.perf_counter()
        await claim
        submitting.append((queued - begun) * 1000)
        claiming.append((time.perf_counter() - queued) * 1000)
    return submitting, claiming


async def measure(_bench: Bench) -> AsyncIterator[Outcome]:
    """Row E4, on a server that writes to its disk as it would."""
    with postgres("fsync = on") as server:
        for name, (_, claiming) in (await _both(server.database())).items():
            cuts = statistics.quantiles(claiming, n=100)
            marks = {"p50": (cuts[49], P50_MS), "p99": (cuts[98], P99_MS)}
            for part, (found_ms, goal_ms) in marks.items():
                asked = goal_ms if name == TICKETS else None
                what = f"a job's commit → its claim by a waiting worker, {name}, {part}"
                yield Figure("E4", what, found_ms, "ms", "lower", asked, asked, None, f"{len(claiming)} jobs")


async def _both(url: str) -> dict[str, tuple[list[float], list[float]]]:
    with tempfile.TemporaryDirectory() as folder:
        async with program(url, Path(folder)) as web, program(url, Path(folder)) as worker:
            await dispatch_ms(web, worker, "warm-up")
            found = {TICKETS: await dispatch_ms(web, worker, "ticket")}

            async def without(_connection: object, lowest: Priority, highest: Priority) -> Turn:
                return Turn(lowest, highest)

            with patch.object(leases, "take_turn", without):
                return found | {ROWS: await dispatch_ms(web, worker, "row")}


async def show(url: str) -> None:
    """Both ways with the submit before them, on an empty database."""
    for name, taken in (await _both(url)).items():
        for part, figures in zip(("submit", "queued to claimed"), taken, strict=True):
            cuts = statistics.quantiles(figures, n=100)
            print(f"{name:18} {part:18} p50 {cuts[49]:6.1f}  p95 {cuts[94]:6.1f}  p99 {cuts[98]:6.1f} ms  ({len(figures)} jobs)")


def _new(identity: str) -> NewJob:
    return NewJob(ACCOUNT, "/a.wav", identity, Format.MP3, "f=mp3", "f=mp3", None, Keep.NOTHING, Priority.BACKGROUND)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--url", help="an empty database (default: a server started for this)")
    url = arguments.parse_args().url
    if url is not None:
        asyncio.run(show(url))
        return
    with postgres("fsync = on") as server:
        asyncio.run(show(server.database()))


if __name__ == "__main__":
    main()
