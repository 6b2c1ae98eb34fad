"""Ten times as many new variants as two workers and the queue can take: what is finished stays quick, the rest is told when to come again,
and when nobody asks for more everything is as before.
"""

import asyncio
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.app.cluster import Cluster, running_cluster
from tests.servers import object_store, postgres
from tests.service import ACCOUNT, Service

QUEUE = 8
SLOTS = 2
CAPACITY = QUEUE + SLOTS
ASKED = 10 * CAPACITY
HITS = 100
QUICK_SECONDS = 0.25  # a hit, on a machine that encodes with all it has
AGAIN_SECONDS = 0.5  # clients here are less patient than they are told to be
ENDED_SECONDS = 240

WARM = f"/{ACCOUNT}/audio/chirp.wav?f=wav&sr=8&te=2&artifact=/audio.wav"


def cold(number: int) -> str:
    return f"/{ACCOUNT}/audio/chirp.wav?f=mp3&br=64&version=crowd-{number}"


async def test_the_crowd_is_told_to_come_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with postgres() as database, object_store() as objects:
        async with running_cluster(tmp_path, database, objects, SOUNDPATH_QUEUE_LIMIT=str(QUEUE)) as cluster:
            calm = await _hits(cluster.webs[0])
            begun = time.monotonic()
            first: Counter[int] = Counter()
            async with asyncio.TaskGroup() as crowd:
                clients = [crowd.create_task(_client(cluster, number, first)) for number in range(ASKED)]
                busy = await _hits(cluster.webs[0])
            taken = time.monotonic() - begun
            after = await _hits(cluster.webs[0])
            assert all(client.result() for client in clients)
            assert cluster.sql("SELECT count(*) FROM jobs WHERE status <> 'Succeeded'") == "0"
            assert cluster.sql("SELECT count(*) FROM ledger") == str(ASKED + 1)
    assert set(first) == {200, 503}
    assert first[503] > ASKED / 2, "more than the queue takes is not taken"
    assert statistics.median(busy) < QUICK_SECONDS
    with capsys.disabled():
        sys.stdout.write(
            f"\noverload: {ASKED} asked at once, {first[200]} taken, {first[503]} told to come again, all made after {taken:.1f} s; "
            f"hits {_shown(calm)} before, {_shown(busy)} meanwhile, {_shown(after)} after\n"
        )


async def _client(cluster: Cluster, number: int, first: Counter[int]) -> bool:
    """Come again until the variant is made; whether that was a success."""
    node = cluster.webs[number % len(cluster.webs)]
    answer = await node.get(cold(number))
    first[answer.status] += 1
    async with asyncio.timeout(ENDED_SECONDS):
        while answer.status != 200 or answer.json()["status"] == "Running":
            if answer.status != 200:
                assert answer.status == 503, answer.body
                assert int(answer.headers["retry-after"]) > 0
            await asyncio.sleep(AGAIN_SECONDS)
            answer = await node.get(cold(number))
    return bool(answer.json()["status"] == "Succeeded")


async def _hits(node: Service) -> list[float]:
    """Seconds that a finished variant takes, again and again."""
    while (await node.get(WARM)).status != 200:  # noqa: ASYNC110 (a client has no other way)
        await asyncio.sleep(0.1)
    seconds = []
    for _ in range(HITS):
        begun = time.monotonic()
        assert (await node.get(WARM)).status == 200
        seconds.append(time.monotonic() - begun)
        await asyncio.sleep(0.02)
    return seconds


def _shown(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"{cuts[49] * 1000:.0f}/{cuts[98] * 1000:.0f} ms"
