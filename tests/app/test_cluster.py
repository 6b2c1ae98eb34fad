"""Many machines: two web nodes and two workers on PostgreSQL and S3, and what happens to them."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.app.cluster import Cluster, running_cluster
from tests.servers import ObjectStore, Postgres, object_store, postgres
from tests.service import ACCOUNT

SHORT = f"/{ACCOUNT}/audio/chirp.wav?f=wav&sr=48"
LONG = f"/{ACCOUNT}/audio/chirp.wav?f=mp3&rp=60"
WORKED_SECONDS = 240  # a shared machine is slow at times
CHARGED = "SELECT count(*) = count(DISTINCT job_id) AND count(*) = (SELECT count(*) FROM jobs WHERE status = 'Succeeded') FROM ledger"


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="module")
def objects() -> Iterator[ObjectStore]:
    with object_store() as server:
        yield server


@pytest.fixture
async def cluster(tmp_path: Path, database: Postgres, objects: ObjectStore) -> AsyncIterator[Cluster]:
    async with running_cluster(tmp_path, database, objects) as running:
        yield running
        assert running.sql(CHARGED) == "t"


async def begin(cluster: Cluster, target: str, node: int = 0) -> str:
    """Ask for a variant and wait until somebody works it."""
    job_id: str = (await cluster.webs[node].get(target)).json()["jobId"]
    await cluster.until(f"id = '{job_id}' AND status = 'Running'")
    return job_id


async def test_asked_here_worked_there_polled_elsewhere(cluster: Cluster) -> None:
    answers = await asyncio.gather(*(cluster.webs[n % 2].get(SHORT) for n in range(12)))
    assert len({answer.json()["jobId"] for answer in answers}) == 1, "one flight across nodes"
    first, second = [await web.artifact(SHORT) for web in cluster.webs]
    assert first.status == second.status == 200
    assert first.body == second.body
    assert cluster.sql("SELECT attempt FROM jobs") == "1"
    playlist = await cluster.webs[1].get(f"/{ACCOUNT}/audio/chirp.wav?f=hls-aac-rt&artifact=/audio.m3u8")
    assert playlist.status == 200, "its first segment was encoded on another machine while the request waited"


async def test_cancelling_reaches_the_worker_from_another_node(cluster: Cluster) -> None:
    job_id = await begin(cluster, LONG)
    answer = await cluster.webs[1].get(f"/v2/accounts/{ACCOUNT}/jobs/ProcessFileJob/{job_id}", "DELETE")
    assert answer.status in (200, 204), answer.body
    assert await cluster.until(f"id = '{job_id}' AND status = 'Cancelled'") < 1


async def test_killed_and_stopped_workers_lose_nothing(cluster: Cluster) -> None:
    job_id = await begin(cluster, LONG)
    await cluster.working(job_id).end(signal.SIGKILL)
    await cluster.until(f"id = '{job_id}' AND status = 'Running' AND attempt = 2")
    survivor = cluster.working(job_id)
    assert await survivor.end(signal.SIGTERM) == 0
    for worker in cluster.workers:
        await worker.start()
    assert (await cluster.webs[1].finished(LONG, WORKED_SECONDS))["jobId"] == job_id


async def test_the_database_restarts_in_the_middle(cluster: Cluster, database: Postgres) -> None:
    assert (await cluster.webs[0].artifact(SHORT)).status == 200
    job_id = await begin(cluster, LONG)
    artifact = (await cluster.webs[0].finished(SHORT))["summary"]["result"]["artifactUrl"].removeprefix(cluster.webs[0].url)
    await asyncio.to_thread(database.stop, "immediate")
    try:
        for _ in range(3):  # longer than anything is answered without a look, which is a second
            assert (await cluster.webs[0].get(artifact)).status == 200, "what is finished stays served"
            await asyncio.sleep(0.7)
        cold = await cluster.webs[0].get(SHORT + "&version=new")
        assert (cold.status, cold.json()["error"]["code"]) == (503, "overloaded")
        assert "retry-after" in cold.headers
    finally:
        await asyncio.to_thread(database.start)
    async with asyncio.timeout(60):
        while (await cluster.webs[0].get(SHORT + "&version=new")).status != 200:  # noqa: ASYNC110 (a client has no other way)
            await asyncio.sleep(0.2)
    assert (await cluster.webs[1].finished(LONG, WORKED_SECONDS))["jobId"] == job_id
    assert (await cluster.webs[1].finished(SHORT + "&version=new"))["status"] == "Succeeded"
    assert "Traceback" not in cluster.webs[0].log(), "an outage is a line, not a story"


async def test_a_worker_that_slept_through_its_lease_publishes_nothing(cluster: Cluster) -> None:
    job_id = await begin(cluster, LONG)
    sleeper = cluster.working(job_id)
    sleeper.process.send_signal(signal.SIGSTOP)
    try:
        await cluster.until(f"id = '{job_id}' AND status = 'Running' AND attempt = 2")
    finally:
        sleeper.process.send_signal(signal.SIGCONT)
    assert (await cluster.webs[0].finished(LONG, WORKED_SECONDS))["jobId"] == job_id
    assert cluster.sql(f"SELECT attempt FROM jobs WHERE id = '{job_id}'") == "2"
    assert cluster.sql(f"SELECT result->'artifacts'->0->>'key' LIKE '%/2/%' FROM jobs WHERE id = '{job_id}'") == "t"
