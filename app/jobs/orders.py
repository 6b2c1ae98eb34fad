"""Orders: jobs that make no audio, such as deleting many files or resetting a cache. Same rows, leases and API as transformations.

An order's row has the format `meta`, which no transformation's row has, reads no original and is not charged; what is to be done stands
as JSON where a transformation has its canonical parameters.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert
from ulid import ULID

from app.jobs.dispatch import announce
from app.jobs.job import Job, Keep, NewJob, Priority, Result
from app.jobs.rows import new_row, read_job
from app.jobs.tables import jobs
from app.jobs.wakeups import Wakeups
from storage.db import Database
from transforms.spec import Format

RESET_CACHE: Final = "ResetCacheJob"
DELETE_FILES: Final = "DeleteFileBatchJob"
COPY_FILES: Final = "CopyFileBatchJob"
DELETE_FOLDERS: Final = "DeleteFolderBatchJob"
COPY_FOLDERS: Final = "CopyFolderBatchJob"
ORDER_TYPES: Final = frozenset({RESET_CACHE, DELETE_FILES, COPY_FILES, DELETE_FOLDERS, COPY_FOLDERS})

DONE: Final = Result(main="", artifacts=(), duration_units=0, bitrate_kbps=0)
"""The result of every order: nothing that could be fetched."""


class Orders:
    """Places orders."""

    def __init__(self, database: Database, wakeups: Wakeups) -> None:
        self._database = database
        self._wakeups = wakeups

    async def place(self, account: str, kind: str, work: Mapping[str, Any]) -> Job:
        """A new job of this kind; each order is one, however alike."""
        job_id = str(ULID())
        new = NewJob(
            account=account,
            path=f"/{kind}",
            identity=f"order:{job_id}",
            format=Format.META,
            canonical=json.dumps(work),
            query="",
            version=None,
            keep=Keep.DAY_UNUSED,
            priority=Priority.WAITED_FOR,
            type=kind,
        )
        async with self._database.write() as connection:
            placed = await connection.execute(insert(jobs).values(new_row(job_id, new)).returning(jobs))
            job = read_job(placed.mappings().one())
            await announce(connection, job.priority)
        self._wakeups.queue_changed()
        return job


def work_of(job: Job) -> Any:
    """What an order asks for, as it was placed."""
    return json.loads(job.canonical)
