"""Backups are made of running installations, and what is restored from them serves the same bytes without billing them again."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.db import Database
from tests import tones
from tests.deploy.recipes import DEPLOY
from tests.servers import BUCKET, ObjectStore, Postgres, _package, object_store, postgres
from tests.service import ACCOUNT, Service

BACKUP = DEPLOY / "backup"
RATE_HZ = 48_000


async def run(name: str, folder: Path, **streams: object) -> None:
    process = await asyncio.create_subprocess_exec(str(BACKUP / name), str(folder), **streams)  # type: ignore[arg-type]
    assert await process.wait() == 0


def target(number: int) -> str:
    return f"/{ACCOUNT}/audio/chirp.wav?f=wav&rp=2&version={number}"


async def test_a_machine_is_restored_as_it_was(tmp_path: Path) -> None:
    """While variants are made and another is reset. Everything that was finished before is there, whole, and billed once."""
    library = tmp_path / "library"
    library.mkdir()
    tones.write(library / "chirp.wav", tones.chirp(5, RATE_HZ), RATE_HZ)
    async with Service(tmp_path / "data", library) as service:
        before = {number: (await service.finished(target(number)), (await service.artifact(target(number))).body) for number in range(3)}
        busy = asyncio.create_task(_keep_busy(service))
        with (tmp_path / "backup.tar").open("wb") as out:
            await run("backup-local", service.data, stdout=out)
        busy.cancel()
        assert not list(service.data.glob("backup-*"))
    with (tmp_path / "backup.tar").open("rb") as stored:
        await run("restore-local", tmp_path / "restored", stdin=stored, stderr=asyncio.subprocess.DEVNULL)
    async with Service(tmp_path / "restored", library) as restored:
        for number, (job, body) in before.items():
            again = await restored.finished(target(number))
            assert (again["jobId"], again["status"]) == (job["jobId"], "Succeeded")
            assert (await restored.artifact(target(number))).body == body
        await _check_every_object(restored)
        secret = (tmp_path / "data" / "secret").read_bytes()
        assert (tmp_path / "restored" / "secret").read_bytes() == secret
    with sqlite3.connect(tmp_path / "restored" / "soundpath.db") as database:
        succeeded = database.execute("SELECT count(*) FROM jobs WHERE status = 'Succeeded'").fetchone()
        assert database.execute("SELECT count(*) FROM ledger").fetchone() == succeeded


async def _keep_busy(service: Service) -> None:
    for number in range(100, 10_000):
        await service.finished(target(number))


async def _check_every_object(service: Service) -> None:
    """Whatever the restored rows call finished can be fetched."""
    with sqlite3.connect(service.data / "soundpath.db") as database:
        versions = [row[0] for row in database.execute("SELECT version FROM jobs WHERE status = 'Succeeded' AND retired_ms IS NULL")]
    assert len(versions) >= 3
    for version in versions:
        assert (await service.artifact(target(int(version)))).status == 200


async def test_a_restore_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    process = await asyncio.create_subprocess_exec(str(BACKUP / "restore-local"), str(tmp_path), stdin=asyncio.subprocess.DEVNULL)
    assert await process.wait() != 0
    assert os.listdir(tmp_path) == ["kept"]


@pytest.fixture
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture
def objects() -> Iterator[ObjectStore]:
    with object_store() as server:
        yield server


async def test_a_cluster_is_restored_as_it_was(tmp_path: Path, database: Postgres, objects: ObjectStore) -> None:
    old, new = database.database(), database.database()
    await _migrate(old)
    _program(database, "psql", "-XAtqc", f"INSERT INTO accounts (id, created_ms) VALUES ('{ACCOUNT}', 1)", old)
    served = objects._folder / "served" / BUCKET
    for number in range(20):
        file = served / "old" / f"folder {number % 3}" / f"{number}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(1000 * number))
    (tmp_path / "backup").mkdir()
    cluster("backup-cluster", tmp_path / "backup", database, objects, old, "old")
    (served / "old" / "folder 0" / "0.wav").write_bytes(b"replaced since")
    cluster("backup-cluster", tmp_path / "backup", database, objects, old, "old")
    cluster("restore-cluster", tmp_path / "backup", database, objects, new, "new")
    assert _content(served / "old") == _content(served / "new")
    assert len(_content(served / "new")) == 20
    assert _dump(database, old) == _dump(database, new)
    with pytest.raises(subprocess.CalledProcessError):
        cluster("restore-cluster", tmp_path / "backup", database, objects, new, "new")


def cluster(name: str, folder: Path, database: Postgres, objects: ObjectStore, url: str, prefix: str) -> None:
    """A script with the service's own settings, and the programs it needs on its PATH."""
    rclone, programs = Path(_package("rclone_api").BINARY_PATH), folder.with_name("bin")
    programs.mkdir(exist_ok=True)
    if not (programs / "rclone").exists():
        (programs / "rclone").symlink_to(rclone)
    environment = {
        "PATH": f"{programs}:{database._server.bin_path}:{os.environ['PATH']}",
        "HOME": str(folder),
        "SOUNDPATH_DATABASE_URL": url,
        "SOUNDPATH_STORE": f"s3://{BUCKET}/{prefix}",
        **objects.environment,
    }
    subprocess.run([str(BACKUP / name), str(folder)], env=environment, check=True)


async def _migrate(url: str) -> None:
    opened = Database(url)
    try:
        await opened.migrate()
    finally:
        await opened.close()


def _content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _program(server: Postgres, name: str, *arguments: str) -> str:
    return subprocess.run([str(server._server.bin_path / name), *arguments], check=True, capture_output=True, text=True).stdout


def _dump(server: Postgres, url: str) -> list[str]:
    """Every row, and the names of everything that holds or guards them."""
    rows = _program(server, "pg_dump", "--data-only", "--no-owner", url).splitlines()
    relations = "SELECT relkind, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2"
    names = _program(server, "psql", "-XAtqc", relations, url)
    # A dump's comments and keys differ each time.
    return [line for line in rows if not line.startswith(("--", "\\restrict", "\\unrestrict"))] + names.splitlines()
