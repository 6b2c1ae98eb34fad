"""Row 7 and fair sharing: how soon an engine begins on a request, idle and while background work holds every core."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median

from bench.figures import Figure, Outcome, of_runs
from bench.inputs import song
from bench.setting import Bench, address, artifact
from tests.service import ACCOUNT, Service

RUNS = 15
LONG_SECONDS = 36_000


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """From the request until the engine has begun, and the first sound of a player beside a 10-hour encode."""
    async with bench.service("start") as service:
        yield await _start(service)
        idle = await _first_segments(service, "idle", RUNS)
        background = asyncio.create_task(_ten_hours(service))
        await _until_running(service)
        busy = await _first_segments(service, "busy", RUNS)
        background.cancel()
        notes = f"{median(busy) * 1000:.0f} ms against {median(idle) * 1000:.0f} ms"
        ratio = median(busy) / median(idle)
        yield Figure(
            "fair",
            "first segment of a player while a 10-hour encode holds every core, against idle",
            ratio,
            "×",
            "lower",
            2,
            1.5,
            None,
            notes,
        )


async def _start(service: Service) -> Figure:
    """From the request to the moment at which the engine opens its first output file in the scratch folder."""
    file = song(60, "mp3")
    runs = []
    for number in range(RUNS + 1):
        began = time.perf_counter()
        request = asyncio.create_task(artifact(service, address(file, f"f=aac&br=128&sr=44.1&version={number}&a=/audio.aac")))
        while not _engine_writes(service.data / "scratch") and not request.done():  # noqa: ASYNC110 (another process begins)
            await asyncio.sleep(0.0005)
        runs.append((time.perf_counter() - began) * 1000)
        await request
    what = "request → engine start, warm, p50"
    return of_runs("7", what, runs[1:], "ms", better="lower", floor=30, goal=10, notes="seen by looking every 0.5 ms for the first output")


def _engine_writes(folder: Path) -> bool:
    """Whether some job's scratch folder holds a part: {scratch}/{owner}/{job}-…/part-…"""
    return any(folder.glob("*/*/part-*"))


async def _first_segments(service: Service, name: str, count: int) -> list[float]:
    """Seconds until segment 0 of a cold variant is there, for new variants of one song."""
    file = song(180, "mp3")
    found = []
    for number in range(count):
        began = time.perf_counter()
        answer = await service.get(f"/{ACCOUNT}/audio/{file.name}!f=hls-aac-rt&br=128&sr=44.1&te=60&version={name}{number}&a=/0f/seg0.aac")
        found.append(time.perf_counter() - began)
        assert answer.status == 200, answer.body[:300]
        await service.finished(f"/{ACCOUNT}/audio/{file.name}!f=hls-aac&br=128&sr=44.1&te=1&version=gap{name}{number}")
    return found[1:]


async def _ten_hours(service: Service) -> None:
    await service.finished(_long_job(), seconds=3600)


async def _until_running(service: Service) -> None:
    """Until the long job's engine is at work."""
    while (await service.get(_long_job())).json()["status"] != "Running":  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await asyncio.sleep(2)


def _long_job() -> str:
    file: Path = song(600, "mp3")
    return address(file, f"f=mp3&br=128&sr=44.1&rp={LONG_SECONDS // 600}")
