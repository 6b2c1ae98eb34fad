"""Programs that the tests start as real processes on the same database, and kill."""

import asyncio
import multiprocessing
import os
from collections.abc import Coroutine
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from storage.db import Database
from tests.app.jobs.conftest import Queue

SPAWN = multiprocessing.get_context("spawn")


async def _with_queue(url: str, folder: Path, work: Any) -> None:
    database = Database(url)
    try:
        await work(Queue(database, folder))
    finally:
        await database.close()


def _run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


def submit_many(url: str, folder: Path, identities: int, start: Any, answers: Any) -> None:
    """Race: submit the same identities as everybody else, all at once, and report the job ids."""

    async def work(queue: Queue) -> None:
        await queue.submit("warm-up")
        start.wait(60)
        jobs = await asyncio.gather(*(queue.submit(f"i{n % identities}") for n in range(identities * 3)))
        answers.put((os.getpid(), {job.identity: job.id for job in jobs}))

    _run(_with_queue(url, folder, work))


def claim_and_hang(url: str, folder: Path, answers: Any) -> None:
    """Claim one job, say so, and never end."""

    async def work(queue: Queue) -> None:
        job = await queue.claim()
        answers.put((job.id, job.attempt, queue.owner.id))
        await asyncio.Event().wait()

    _run(_with_queue(url, folder, work))


def work_on(url: str, folder: Path, answers: Any) -> None:
    """Work every job there is, as a server does, until killed: claim, beat, succeed, tell."""

    async def work(queue: Queue) -> None:
        await queue.leases.reap()
        answers.put(("started", os.getpid()))
        while True:
            job = await queue.claim_next()
            for progress in range(0, 100, 25):
                await queue.leases.beat(job, progress)
            await queue.succeed(job)

    _run(_with_queue(url, folder, work))


def start(target: Any, *args: Any) -> SpawnProcess:
    process = SPAWN.Process(target=target, args=args, daemon=True)
    process.start()
    return process
