"""Several programs on one port: each answers, live HLS works whichever is asked, and the dead are replaced."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from tests import tones
from tests.service import ACCOUNT, Service

SECONDS = 60


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    library = tmp_path / "library"
    library.mkdir()
    tones.write(library / "a.flac", tones.music(40, 44_100), 44_100)
    async with Service(tmp_path / "data", library, arguments=("--processes", "2")) as running:
        await parts(running, 2)
        yield running


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def listens(pid: int) -> bool:
    """Whether a part has come as far as its door: it has the engine's children then."""
    return len(children(pid)) >= 2


async def parts(service: Service, count: int, without: int = 0) -> list[int]:
    """The parts, once so many are there and serve."""
    async with asyncio.timeout(SECONDS):
        while True:
            found = [pid for pid in children(service.pid) if pid != without and listens(pid)]
            if len(found) == count:
                return found
            await asyncio.sleep(0.1)


async def answers(service: Service) -> None:
    """A new part opens its door a moment after it has started its engine."""
    async with asyncio.timeout(SECONDS):
        while True:
            with suppress(aiohttp.ClientError):
                assert (await service.get("/healthz")).status == 200
                return
            await asyncio.sleep(0.1)


def is_alive(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


async def test_jobs_and_live_playlists_whichever_is_asked(service: Service) -> None:
    """Each request is a connection of its own, which the kernel gives to one or the other."""
    wav = f"/{ACCOUNT}/audio/a.flac?f=wav&sr=8"
    job = await service.finished(wav)
    assert job["status"] == "Succeeded"
    bodies = [await service.get(f"{wav}&a=/audio.wav") for _ in range(8)]
    assert {answer.status for answer in bodies} == {200}
    assert len({answer.body for answer in bodies}) == 1
    live = f"/{ACCOUNT}/audio/a.flac!f=hls-aac-rt"
    masters = await asyncio.gather(*(service.get(live) for _ in range(6)))
    assert {answer.status for answer in masters} == {200}
    segments = await asyncio.gather(*(service.get(f"{live}&a=/0f/seg{number}.aac") for number in (9, 0, 4, 2, 7, 1)))
    assert {answer.status for answer in segments} == {200}
    assert (await service.finished(f"/{ACCOUNT}/audio/a.flac?f=aac"))["status"] == "Succeeded"


async def test_a_part_that_dies_is_replaced(service: Service) -> None:
    for victim in await parts(service, 2):
        os.kill(victim, signal.SIGKILL)
        await parts(service, 2, without=victim)
    await answers(service)
    job = await service.finished(f"/{ACCOUNT}/audio/a.flac?f=mp3")
    assert job["status"] == "Succeeded"


async def test_all_go_with_the_parent(service: Service) -> None:
    both = await parts(service, 2)
    os.kill(service.pid, signal.SIGKILL)
    async with asyncio.timeout(SECONDS):
        while any(map(is_alive, both)):  # noqa: ASYNC110 (they are not our children)
            await asyncio.sleep(0.1)
