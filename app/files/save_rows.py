"""Rows about saves: artifacts that are to become files, and what became of them. Kept for a week."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Row, and_, delete, insert, select, update
from ulid import ULID

from app.files.intake import NewFile
from app.files.records import Described
from app.files.tables import saves
from app.jobs.tables import jobs
from storage.db import Database, now_ms

FORGOTTEN_MS: Final = 7 * 24 * 3_600_000  # no job lives as long
LEFT_MS: Final = 60_000  # whoever ended the job looks at once, unless he dies


class SaveState(StrEnum):
    """`Waiting` for the job's end, and how it ended."""

    WAITING = "Waiting"
    SAVED = "Saved"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Save:
    """One artifact that is to become a file. `error` is (code, message) of a failed one."""

    id: str
    job_id: str
    new: NewFile
    state: SaveState
    error: tuple[str, str] | None


class SaveRows:
    """Reads and writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, job_id: str, new: NewFile) -> None:
        """A save that waits."""
        values = {
            "id": str(ULID()),
            "job_id": job_id,
            "account": new.account,
            "path": new.path,
            "mime": new.described.mime,
            "original_name": new.described.original_name,
            "metadata": dict(new.described.metadata),
            "tags": list(new.described.tags),
            "may_overwrite": int(new.may_overwrite),
            "created_ms": now_ms(),
            "state": SaveState.WAITING,
        }
        async with self._database.write() as connection:
            await connection.execute(delete(saves).where(saves.c.created_ms < now_ms() - FORGOTTEN_MS))
            await connection.execute(insert(saves).values(**values))

    async def of_job(self, job_id: str) -> list[Save]:
        """Those of a job, oldest first."""
        query = select(saves).where(saves.c.job_id == job_id).order_by(saves.c.created_ms, saves.c.id)
        async with self._database.read() as connection:
            return [_read(row) for row in await connection.execute(query)]

    async def left(self) -> Sequence[tuple[str, str]]:
        """(account, job) whose job ended a while ago, and which still wait: whoever should have looked has died."""
        over = and_(saves.c.state == SaveState.WAITING, jobs.c.ended_ms < now_ms() - LEFT_MS)
        query = select(saves.c.account, saves.c.job_id).join(jobs, jobs.c.id == saves.c.job_id).where(over).distinct()
        async with self._database.read() as connection:
            return [(row.account, row.job_id) for row in await connection.execute(query)]

    async def end(self, save: Save, state: SaveState, error: tuple[str, str] | None = None) -> None:
        """Note what became of one."""
        code, message = error or (None, None)
        async with self._database.write() as connection:
            mine = update(saves).where(saves.c.id == save.id)
            await connection.execute(mine.values(state=state, error_code=code, error_message=message))


def _read(row: Row[tuple[object, ...]]) -> Save:
    described = Described(row.mime, row.original_name, row.metadata, tuple(row.tags))
    new = NewFile(row.account, row.path, described, bool(row.may_overwrite))
    error = None if row.error_code is None else (row.error_code, row.error_message)
    return Save(row.id, row.job_id, new, SaveState(row.state), error)
