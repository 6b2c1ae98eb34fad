"""Two programs on one database: a path has one publisher at a time, and of those that may not overwrite one wins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.errors import Conflict
from app.files import claims
from app.files.claims import Claims
from app.files.records import Described
from app.files.upload_rows import Upload, UploadRows
from storage.db import Database
from tests.app.files.api import call, ok
from tests.service import ACCOUNT, Service

PATHS = 12
EACH = 2


@pytest.fixture
async def two(database_url: str, tmp_path: Path) -> AsyncIterator[list[Service]]:
    """Two servers with one data folder and one database."""
    environment = {"SOUNDPATH_DATABASE_URL": database_url} if database_url.startswith("postgresql") else {}
    async with AsyncExitStack() as machines:
        yield [await machines.enter_async_context(Service(tmp_path, None, environment)) for _ in range(2)]


async def test_of_racing_uploads_one_wins_in_whatever_process(two: list[Service]) -> None:
    for number in range(PATHS):
        path = f"/uploads/binary?filePath=/race/{number}.txt"
        tries = [(service, bytes([65 + index])) for index, service in enumerate(two * EACH)]
        answers = await asyncio.gather(*(call(service, "POST", path, content, key=service.public) for service, content in tries))
        assert sorted(answer.status for answer in answers) == [200] + [403] * (2 * EACH - 1), [answer.body for answer in answers]
        (winner,) = [content for (_, content), answer in zip(tries, answers, strict=True) if answer.status == 200]
        assert (await two[0].get(f"/{ACCOUNT}/raw/race/{number}.txt")).body == winner
        won = next(answer for answer in answers if answer.status == 200)
        details = await ok(two[1], "GET", f"/files/details?filePath=/race/{number}.txt")
        assert details["etag"] == won.json()["etag"]
    listed = await ok(two[0], "GET", "/folders/list?folderPath=/race")
    assert len(listed["items"]) == PATHS


async def test_deleting_and_uploading_leave_a_file_with_its_row_or_neither(two: list[Service]) -> None:
    for number in range(PATHS):
        path = f"/both/{number}.txt"
        await ok(two[0], "POST", f"/uploads/binary?filePath={path}", b"1")
        await asyncio.gather(
            call(two[0], "POST", f"/uploads/binary?filePath={path}", b"2"),
            call(two[1], "DELETE", f"/files?filePath={path}"),
        )
        is_there = (await two[0].get(f"/{ACCOUNT}/raw{path}")).status == 200
        listed = await ok(two[0], "GET", "/folders/list?folderPath=/both&limit=1000")
        assert (path in [item["filePath"] for item in listed["items"]]) == is_there


async def test_the_last_two_parts_are_confirmed_by_different_processes(two: list[Service]) -> None:
    for number in range(4):
        content = bytes(8 * 2**20) + b"x"
        begun = await ok(two[0], "POST", "/uploads", {"size": len(content), "path": f"/parts/{number}"})
        parts = []
        for index, service in enumerate(two):
            part = await ok(service, "GET", f"/uploads/{begun['uploadId']}/parts/{index}")
            piece = content[part["range"]["inclusiveStart"] : part["range"]["inclusiveEnd"] + 1]
            parts.append((service, index, (await call(service, "PUT", part["uploadUrl"], piece, key="")).headers["etag"]))
        confirmed = await asyncio.gather(
            *(ok(service, "PUT", f"/uploads/{begun['uploadId']}/parts/{index}", {"etag": etag}) for service, index, etag in parts)
        )
        assert "Completed" in {answer["status"] for answer in confirmed}
        assert len((await two[1].get(f"/{ACCOUNT}/raw/parts/{number}")).body) == len(content)


@pytest.fixture
async def databases(database_url: str) -> AsyncIterator[list[Database]]:
    opened = [Database(database_url) for _ in range(2)]
    await opened[0].migrate()
    yield opened
    for each in opened:
        await each.close()


async def test_of_many_confirmations_one_sees_them_all(databases: list[Database]) -> None:
    rows = [UploadRows(database) for database in databases]
    count = 12
    for number in range(5):
        upload = Upload(f"u{number}", f"t{number}", ACCOUNT, "/a", count, 1, Described(), False, None)
        await rows[0].insert(upload, 60)
        for part in range(count):
            await rows[0].record(upload.id, part, f"e{part}")
        seen = await asyncio.gather(*(rows[part % 2].complete(upload.id, part, f"e{part}") for part in range(count)))
        assert sorted(each or 0 for each in seen) == list(range(1, count + 1))
        assert await rows[0].complete(upload.id, 0, "other bytes") is None


async def test_one_holds_a_name_at_a_time(databases: list[Database]) -> None:
    inside, most = 0, 0

    async def work(on: Claims) -> None:
        nonlocal inside, most
        async with on.held(ACCOUNT, "/x"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    holders = [Claims(database) for database in databases]
    await asyncio.gather(*(work(holders[number % 2]) for number in range(8)))
    assert most == 1


async def test_a_dead_holder_is_outlived_and_a_living_one_is_not(databases: list[Database], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(claims, "RENEW_SECONDS", 0.1)
    first, second = (Claims(database) for database in databases)
    dead = first.held(ACCOUNT, "/x")
    await dead.__aenter__()
    monkeypatch.setattr(claims, "PATIENCE_SECONDS", 2.0)
    with pytest.raises(Conflict):
        async with second.held(ACCOUNT, "/x"):
            pass
    for task in asyncio.all_tasks():
        if task is not asyncio.current_task() and "_renew" in repr(task.get_coro()):
            task.cancel()  # as its machine stops
    monkeypatch.setattr(claims, "PATIENCE_SECONDS", 30.0)
    async with second.held(ACCOUNT, "/x"):
        pass
    await dead.__aexit__(None, None, None)
