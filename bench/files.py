"""Lists of an account with 100,000 files, over HTTP: the first page, one in the middle, and a recursive one."""

import time
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import insert

from app.files.tables import files
from bench.figures import Outcome, of_runs
from bench.setting import Bench
from storage.db import Database
from tests.service import ACCOUNT, Service

HALF = 50_000
FOLDERS = 100
RUNS = 9
MOST = 1_000

_ROW: dict[str, Any] = {"etag": "e", "size_bytes": 1, "mime": "audio/mpeg", "metadata": {}, "tags": [], "modified_ms": 1}


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """Each page a few times; the files are rows alone, as lists read no bytes."""
    async with bench.service("files") as service:
        await _fill(service)
        middle = await _cursor(service, "/flat", HALF // 2)
        for what, folder, query in (
            ("first 50 of a folder of 50,000", "/flat", "limit=50"),
            ("first 1,000 of it", "/flat", f"limit={MOST}"),
            ("50 from the middle of it", "/flat", f"limit=50&cursor={middle}"),
            ("1,000 from the middle of it", "/flat", f"limit={MOST}&cursor={middle}"),
            ("two folders of 50,000 as two items", "/", "limit=50"),
            (f"{FOLDERS} folders of {HALF // FOLDERS} files as {FOLDERS} items", "/deep", f"limit={MOST}"),
            ("recursive, first 50 of 100,000", "/", "limit=50&recursive=true"),
            ("recursive, first 1,000 of 100,000", "/", f"limit={MOST}&recursive=true"),
        ):
            runs = [await _milliseconds(service, f"folderPath={folder}&{query}") for _ in range(RUNS + 1)][1:]
            yield of_runs("files", f"list, {what}", runs, "ms", better="lower")


async def _fill(service: Service) -> None:
    paths = [f"/flat/{number:06}.mp3" for number in range(HALF)]
    paths += [f"/deep/{number % FOLDERS:03}/{number:06}.mp3" for number in range(HALF)]
    database = Database(f"sqlite+aiosqlite:///{service.data / 'soundpath.db'}")
    try:
        async with database.write() as connection:
            await connection.execute(insert(files), [{"account": ACCOUNT, "path": path, **_ROW} for path in paths])
    finally:
        await database.close()


async def _cursor(service: Service, folder: str, behind: int) -> str:
    """The cursor behind so many files, found as a client finds it."""
    cursor = ""
    for _ in range(behind // MOST):
        answer = await service.get(f"/v2/accounts/{ACCOUNT}/folders/list?folderPath={folder}&limit={MOST}&cursor={cursor}")
        cursor = answer.json()["cursor"]
    return cursor


async def _milliseconds(service: Service, query: str) -> float:
    began = time.perf_counter()
    answer = await service.get(f"/v2/accounts/{ACCOUNT}/folders/list?{query}")
    took = (time.perf_counter() - began) * 1000
    if answer.status != 200 or not answer.json()["items"]:
        raise RuntimeError(f"{query}: {answer.status} {answer.body[:300]!r}")
    return took
