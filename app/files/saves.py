"""Artifacts that become files of their account: noted while the job runs, carried out when it has succeeded (CONTRACT 7, `save/audio`).

Who notes one looks at the job afterwards, and whoever ends a job looks at the notes afterwards: one of the two always sees the other.
What dies in between is found by `carry_out_left`.
"""

import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog

from app.errors import AppError, Conflict, FileAlreadyExists, describe
from app.files.claims import Claims
from app.files.files import Files
from app.files.intake import NewFile
from app.files.save_rows import Save, SaveRows, SaveState
from app.jobs.job import Job, Result
from app.jobs.outages import until_back
from storage.blocking import off_loop
from storage.errors import StorageError
from storage.room import failing_when_full
from storage.store import Store

JOB_FAILED: Final = ("conflict", "The job has not succeeded, so there is nothing to save.")

log = structlog.get_logger()


class Saves:
    """Notes saves and carries them out."""

    def __init__(self, rows: SaveRows, files: Files, store: Store, claims: Claims, scratch_dir: Path) -> None:
        self._rows = rows
        self._files = files
        self._store = store
        self._claims = claims
        self._scratch_dir = scratch_dir

    async def note(self, job_id: str, new: NewFile) -> None:
        """When this job succeeds, its artifact becomes this file. Raises what `Files.check_destination` raises."""
        await self._files.check_destination(new.account, new.path, may_overwrite=new.may_overwrite)
        await self._rows.insert(job_id, new)

    async def of_job(self, job_id: str) -> Sequence[Save]:
        """What is to be made of a job's artifact, and what became of it."""
        return await self._rows.of_job(job_id)

    async def carry_out_left(self, find: Callable[[str, str], Awaitable[Job | None]]) -> None:
        """Carry out what nobody has, though its job ended a while ago; `find` reads a job of an account."""
        for account, job_id in await self._rows.left():
            job = await find(account, job_id)
            await self.carry_out(account, job_id, None if job is None else job.result)

    async def carry_out(self, account: str, job_id: str, result: Result | None) -> None:
        """Make the files that were noted for a job; one that cannot be made says why. May be called again. `result` None: it has none."""
        if not any(save.state is SaveState.WAITING for save in await self._rows.of_job(job_id)):
            return
        try:
            async with self._claims.held(account, f"saves {job_id}"):
                await self._end_waiting(job_id, result)
        except Conflict:
            log.info("somebody else carries the saves out", job=job_id)

    async def _end_waiting(self, job_id: str, result: Result | None) -> None:
        for save in await self._rows.of_job(job_id):
            if save.state is SaveState.WAITING:
                await self._end(save, result)

    async def _end(self, save: Save, result: Result | None) -> None:
        if result is None:
            await self._rows.end(save, SaveState.FAILED, JOB_FAILED)
            return
        try:
            await self._save(save.new, result)
        except (AppError, StorageError) as error:
            log.warning("save failed", job=save.job_id, error=repr(error))
            public = describe(error)
            await self._rows.end(save, SaveState.FAILED, (public.code, public.message))
        else:
            await until_back(lambda: self._rows.end(save, SaveState.SAVED))

    async def _save(self, new: NewFile, result: Result) -> None:
        artifact = next(file for file in result.artifacts if file.name == result.main)
        await self._store.require_space(artifact.size_bytes)
        with TemporaryDirectory(dir=self._scratch_dir, prefix="save-") as folder:
            copy = Path(folder) / "copy"
            async with self._store.borrow(artifact.key) as path:
                with failing_when_full():
                    await off_loop(shutil.copyfile, path, copy)
            try:
                await self._files.publish(new.account, new.path, copy, new.described, may_overwrite=new.may_overwrite)
            except FileAlreadyExists:
                # The path was free when this was noted: the same bytes are its own, published before a crash.
                if not await self._files.holds(new.account, new.path, copy):
                    raise
                await self._files.adopt(new.account, new.path, new.described)
