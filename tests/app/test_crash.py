"""kill -9 of the whole server at random moments: nothing is lost, nothing is served half, nothing is billed twice."""

import asyncio
import random
import sqlite3
import wave
from io import BytesIO
from pathlib import Path

import aiohttp

from tests import tones
from tests.service import ACCOUNT, Service

ROUNDS = 50
JOBS_PER_ROUND = 3
LATEST_KILL_SECONDS = 1.2
SECONDS = 20
RATE_HZ = 48_000
REPEATS = 4  # about half a second of work for a job


def _target(number: int) -> str:
    kind = "f=mp3&br=64" if number % 5 == 0 else "f=wav&sr=48"
    return f"/{ACCOUNT}/audio/chirp.wav?{kind}&rp={REPEATS}&version={number}"


async def test_fifty_kills_lose_nothing(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    tones.write(library / "chirp.wav", tones.chirp(SECONDS, RATE_HZ), RATE_HZ)
    chance = random.Random(20260101)
    service = Service(tmp_path / "data", library)
    job_ids: dict[int, str] = {}
    for round_ in range(ROUNDS):
        await service.start()
        asking = asyncio.ensure_future(_ask_for(service, range(round_ * JOBS_PER_ROUND, (round_ + 1) * JOBS_PER_ROUND), job_ids))
        await asyncio.sleep(chance.uniform(0, LATEST_KILL_SECONDS))
        await service.kill()
        await asyncio.wait({asking})
    async with service:
        for number, job_id in sorted(job_ids.items()):
            job = await service.finished(_target(number))
            assert (job["jobId"], job["status"]) == (job_id, "Succeeded")
            _check_whole(number, (await service.artifact(_target(number))).body, tmp_path)
    _check_books(service, job_ids)
    _check_leftovers(service)


async def _ask_for(service: Service, numbers: range, job_ids: dict[int, str]) -> None:
    """Ask until the server dies; what it has told us, it must keep."""
    try:
        for number in numbers:
            job_ids[number] = (await service.get(_target(number))).json()["jobId"]
    except (aiohttp.ClientError, RuntimeError):
        return


def _check_whole(number: int, body: bytes, folder: Path) -> None:
    if number % 5 == 0:
        (folder / "out.mp3").write_bytes(body)
        assert len(tones.decode(folder / "out.mp3")) == REPEATS * SECONDS * RATE_HZ
        return
    with wave.open(BytesIO(body)) as read:
        assert read.getnframes() == REPEATS * SECONDS * RATE_HZ
        assert len(body) == 44 + read.getnframes() * 4


def _check_books(service: Service, job_ids: dict[int, str]) -> None:
    with sqlite3.connect(service.data / "soundpath.db") as database:
        rows = database.execute("SELECT id, status, attempt FROM jobs").fetchall()
        charged = [row[0] for row in database.execute("SELECT job_id FROM ledger")]
    assert {status for _, status, _ in rows} == {"Succeeded"}
    assert sorted(charged) == sorted(job_id for job_id, _, _ in rows)
    assert set(job_ids.values()) <= set(charged)
    # The test is worth something only if kills hit running jobs.
    assert sum(attempt > 1 for _, _, attempt in rows) >= ROUNDS // 10


def _check_leftovers(service: Service) -> None:
    """After a clean stop there is one folder with one file for each job, and no scratch."""
    assert not list((service.data / "scratch").iterdir())
    jobs = [folder for folder in (service.data / "objects" / "tree" / "artifacts").rglob("!*") if folder.is_dir()]
    assert jobs
    assert all(len([file for file in folder.rglob("*") if file.is_file()]) == 1 for folder in jobs)
    assert not [file for file in (service.data / "objects" / "aside").rglob("*") if file.is_file()]
