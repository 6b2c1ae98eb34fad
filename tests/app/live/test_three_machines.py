"""Live HLS on three machines: one web node begins, a worker encodes, another web node plays. They share a database and a store, and no node
looks by itself for what it waits for (`without_looks`): whatever arrives in time was announced over NOTIFY.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.app.cluster import CHIRP_HZ, CHIRP_SECONDS, WorkerHost, put_chirp, shared_settings
from tests.app.hls_client import HEADER_BYTES, Player, decoded, frames_in
from tests.servers import object_store, postgres
from tests.service import ACCOUNT, ROOT, Service

REPEATS = 45  # a quarter of an hour
SEEKS = 12
WOKEN_SECONDS = 5.0  # of the 5.5 a request waits: a look after a minute would come too late
TARGET = f"/{ACCOUNT}/audio/chirp.wav?f=hls-aac-rt&rp={REPEATS}&artifact=/audio.m3u8"
LAUNCHER = (sys.executable, str(ROOT / "tests" / "app" / "without_looks.py"))


class Machines:
    def __init__(self, first: Service, second: Service, worker: WorkerHost, store: Path) -> None:
        self.first, self.second, self.worker, self.store = first, second, worker, store

    def published(self) -> int:
        return sum(1 for _ in self.store.rglob("*seg*.aac"))


@pytest.fixture
async def machines(tmp_path: Path) -> AsyncIterator[Machines]:
    async with AsyncExitStack() as parts:
        database, objects = parts.enter_context(postgres()), parts.enter_context(object_store())
        shared = shared_settings(database.database(), "live", objects) | {"PYTHONPATH": str(ROOT)}
        await put_chirp(tmp_path, shared)
        webs = [Service(tmp_path / f"web{n}", None, {**shared, "SOUNDPATH_WORKERS": "0"}, launcher=LAUNCHER) for n in range(2)]
        for web in webs:
            await parts.enter_async_context(web)
        worker = WorkerHost(tmp_path / "work", shared, LAUNCHER)
        await worker.start()
        parts.push_async_callback(worker.end, signal.SIGKILL)
        yield Machines(webs[0], webs[1], worker, objects.file("live"))


async def test_the_next_node_plays_what_another_one_began(machines: Machines, tmp_path: Path) -> None:
    began, plays = Player(machines.first, TARGET), Player(machines.second, TARGET)
    begun = time.monotonic()
    await began.master()
    assert time.monotonic() - begun < WOKEN_SECONDS + 5, "the worker was told of the job, and the node of its first sound"
    (media,) = await plays.lists()
    segments = await plays.segments(media)
    assert machines.published() < len(segments), "it is still being encoded"
    waits = await _seek(machines, plays, segments)
    assert len(waits) >= SEEKS // 2, "most of them had to be waited for"
    assert max(waits) < WOKEN_SECONDS, waits
    bodies = [(await plays.get(segment)).body for segment in segments]
    assert decoded(bodies, tmp_path).shape[0] >= REPEATS * CHIRP_SECONDS * CHIRP_HZ
    assert sum(frames_in(body[HEADER_BYTES:]) for body in bodies) * 1024 >= REPEATS * CHIRP_SECONDS * CHIRP_HZ
    first = await began.get(segments[-1])
    assert first.body == bodies[-1], "every node serves the same bytes"


async def _seek(machines: Machines, player: Player, segments: list[str]) -> list[float]:
    """Jump about, backwards from the end, where the encoder has not been; how long each wait for a segment that was not there took."""
    waits = []
    for number in range(SEEKS):
        segment = segments[len(segments) - 1 - number * (len(segments) // 2) // SEEKS]
        there = machines.published()
        begun = time.monotonic()
        await player.get(segment)
        if machines.published() > there:
            waits.append(time.monotonic() - begun)
        await asyncio.sleep(0)
    return waits
