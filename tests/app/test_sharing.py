"""One encode on two machines: who makes which range, and what becomes of them when somebody dies."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import tones
from tests.app.cluster import CHIRP_HZ, CHIRP_SECONDS, Cluster, running_cluster
from tests.servers import ObjectStore, Postgres, object_store, postgres
from tests.service import ACCOUNT

REPEATS = 60
LONG = f"/{ACCOUNT}/audio/chirp.wav?f=mp3&rp={REPEATS}"
WORKED_SECONDS = 240
TAKEN = "SELECT count(*) FROM shares JOIN jobs ON job_id = id AND shares.attempt = jobs.attempt WHERE taker <> owner"


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


async def taken(cluster: Cluster, count: int) -> None:
    """Wait until others have taken so many ranges."""
    async with asyncio.timeout(60):
        while int(await asyncio.to_thread(cluster.sql, TAKEN)) < count:  # noqa: ASYNC110 (only rows tell)
            await asyncio.sleep(0.02)


async def whole(cluster: Cluster, tmp_path: Path) -> None:
    """The job ends as one job, billed once, and sounds from its beginning to its end; nothing of the ranges is left."""
    job = await cluster.webs[0].finished(LONG, WORKED_SECONDS)
    assert job["status"] == "Succeeded", job
    body = (await cluster.webs[1].artifact(LONG)).body
    (tmp_path / "out.mp3").write_bytes(body)
    decoded = tones.decode(tmp_path / "out.mp3")
    assert len(decoded) == REPEATS * CHIRP_SECONDS * CHIRP_HZ
    assert cluster.sql("SELECT count(*) FROM ledger") == "1"
    assert cluster.sql("SELECT count(*) FROM shares") == "0"
    assert not list(cluster.objects.file("").rglob("parts/*"))


async def test_both_machines_work_on_one_job(cluster: Cluster, tmp_path: Path) -> None:
    await cluster.webs[0].get(LONG)
    await taken(cluster, 2)
    await whole(cluster, tmp_path)
    assert cluster.sql("SELECT attempt FROM jobs") == "1"


async def test_whoever_takes_a_range_and_dies_is_made_up_for(cluster: Cluster, tmp_path: Path) -> None:
    job_id = (await cluster.webs[0].get(LONG)).json()["jobId"]
    await taken(cluster, 1)
    owner = cluster.working(job_id)
    other = next(worker for worker in cluster.workers if worker is not owner)
    await other.end(signal.SIGKILL)
    await whole(cluster, tmp_path)
    assert cluster.sql("SELECT attempt FROM jobs") == "1", "the owner made it all"


async def test_ranges_of_a_dead_owner_are_nobodys(cluster: Cluster, tmp_path: Path) -> None:
    job_id = (await cluster.webs[0].get(LONG)).json()["jobId"]
    await taken(cluster, 1)
    await cluster.working(job_id).end(signal.SIGKILL)
    await whole(cluster, tmp_path)
    assert cluster.sql("SELECT attempt FROM jobs") == "2"
