"""What every measurement is given, and the warm service that most of them talk to."""

import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.clock import Run, prefer, tree_cpu_seconds
from bench.inputs import FOLDER
from tests.service import ACCOUNT, Service

LIBRARY = FOLDER
"""The inputs are the service's library: nothing is uploaded."""


@dataclass(frozen=True, slots=True)
class Bench:
    """`full`: hour-long inputs and many runs. `niceness`: how much the measured programs are preferred to others on this machine."""

    full: bool
    niceness: int = 0

    @property
    def song_seconds(self) -> int:
        """Length of the long inputs of rows 1 and 2."""
        return 3600 if self.full else 600

    @property
    def pairs(self) -> int:
        """How often two sides are run in turn."""
        return 3 if self.full else 2

    @asynccontextmanager
    async def service(self, name: str, **environment: str) -> AsyncIterator[Service]:
        """A service that has just started on empty data, warm."""
        data = FOLDER / "data" / name
        shutil.rmtree(data, ignore_errors=True)
        async with Service(data, LIBRARY, environment) as service:
            prefer(service.pid, self.niceness)
            yield service
        shutil.rmtree(data, ignore_errors=True)


async def artifact(service: Service, target: str) -> Run:
    """Ask for a variant's bytes and hold until they come: wall clock of the request, processor time of the service's whole tree."""
    before, began = tree_cpu_seconds(service.pid), time.perf_counter()
    answer = await service.get(f"{target}&wait=60")
    while answer.status == 404 and answer.json().get("status") not in ("Failed", "Cancelled", None):
        answer = await service.get(f"{target}&wait=60")
    wall = time.perf_counter() - began
    if answer.status != 200:
        raise RuntimeError(f"{target}: {answer.status} {answer.body[:300]!r}\n{service.log()[-2000:]}")
    return Run(wall, tree_cpu_seconds(service.pid) - before)


def address(file: Path, query: str) -> str:
    """The variant's URL of an input."""
    return f"/{ACCOUNT}/audio/{file.name}?{query}"
