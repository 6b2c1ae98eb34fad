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
from app.jobs.job import Keep, NewJob, Priority
from app.jobs.jobs import Jobs
from app.jobs.leases import Leases
from app.jobs.limits import JobLimits
from app.jobs.owners import Owner
from app.jobs.relay import RelayedWakeups
from app.jobs.turn import Turn
from storage.channel import Channel
from storage.db import Database
from tests.servers import postgres
from transforms.spec import Format

ROUNDS = 300
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


async def dispatch_ms(web: Program, worker: Program, name: str) -> tuple[list[float], list[float]]:
    """Milliseconds that submitting took, and those from its end to the claim's."""
    submitting: list[float] = []
    claiming: list[float] = []
    for number in range(ROUNDS):
        claim = asyncio.create_task(worker.leases.claim_next(worker.owner))
        await asyncio.sleep(PAUSE_SECONDS)
        begun = time.perf_counter()
        await web.jobs.submit(_new(f"{name}-{number}"))
        queued = time.perf_counter()
        await claim
        submitting.append((queued - begun) * 1000)
        claiming.append((time.perf_counter() - queued) * 1000)
    return submitting, claiming


async def measure(url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with program(url, Path(folder)) as web, program(url, Path(folder)) as worker:
            await dispatch_ms(web, worker, "warm-up")
            _show("PgQueuer's tickets", await dispatch_ms(web, worker, "ticket"))

            async def without(_connection: object, lowest: Priority, highest: Priority) -> Turn:
                return Turn(lowest, highest)

            with patch.object(leases, "take_turn", without):
                _show("rows alone", await dispatch_ms(web, worker, "row"))


def _show(name: str, taken: tuple[list[float], list[float]]) -> None:
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
        asyncio.run(measure(url))
        return
    with postgres("fsync = on") as server:
        asyncio.run(measure(server.database()))


if __name__ == "__main__":
    main()
