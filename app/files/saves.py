"""Artifacts that become files of their account: noted while the job runs, carried out when it has succeeded (CONTRACT 7, `save/audio`).

Who notes one looks at the job afterwards, and whoever ends a job looks at the notes afterwards: one of the two always sees the other.
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog
from sqlalchemy import delete, insert, select
from ulid import ULID

from app.errors import AppError
from app.files.files import Files
from app.files.intake import NewFile
from app.files.records import Described
from app.files.tables import saves
from app.jobs.job import Result
from storage.blocking import off_loop
from storage.db import Database, now_ms
from storage.errors import StorageError
from storage.store import Store

FORGOTTEN_MS: Final = 7 * 24 * 3_600_000  # no job lives as long

log = structlog.get_logger()


class Saves:
    """Notes saves and carries them out."""

    def __init__(self, database: Database, files: Files, store: Store, scratch_dir: Path) -> None:
        self._database = database
        self._files = files
        self._store = store
        self._scratch_dir = scratch_dir

    async def note(self, job_id: str, new: NewFile) -> None:
        """When this job succeeds, its artifact becomes this file. Raises what `Files.check_destination` raises."""
        await self._files.check_destination(new.account, new.path, may_overwrite=new.may_overwrite)
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
        }
        async with self._database.write() as connection:
            # Of jobs that came to nothing.
            await connection.execute(delete(saves).where(saves.c.created_ms < now_ms() - FORGOTTEN_MS))
            await connection.execute(insert(saves).values(**values))

    async def carry_out(self, job_id: str, result: Result) -> None:
        """Make the files that were noted for a job; one that cannot be made is logged and forgotten. May be called again."""
        async with self._database.read() as connection:
            noted = (await connection.execute(select(saves).where(saves.c.job_id == job_id))).all()
        for row in noted:
            described = Described(row.mime, row.original_name, row.metadata, tuple(row.tags))
            try:
                await self._save(NewFile(row.account, row.path, described, bool(row.may_overwrite)), result)
            except (AppError, StorageError) as error:
                log.warning("save failed", job=job_id, error=repr(error))
            async with self._database.write() as connection:
                await connection.execute(delete(saves).where(saves.c.id == row.id))

    async def _save(self, new: NewFile, result: Result) -> None:
        artifact = next(file for file in result.artifacts if file.name == result.main)
        await self._store.require_space(artifact.size_bytes)
        with TemporaryDirectory(dir=self._scratch_dir, prefix="save-") as folder:
            copy = Path(folder) / "copy"
            async with self._store.borrow(artifact.key) as path:
                await off_loop(shutil.copyfile, path, copy)
            await self._files.publish(new.account, new.path, copy, new.described, may_overwrite=new.may_overwrite)
