"""What is done when nobody asks: retired bytes are deleted, `keep` rules and the byte limit enforced, the scratch of the dead swept."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.jobs.owners import MARK_SUFFIX, Owner
from app.jobs.retention import Retention
from app.metrics import HOUSEKEEPING_ROUNDS, OBJECTS_PURGED, VARIANTS_EVICTED
from storage.alive import is_dead
from storage.blocking import off_loop
from storage.errors import StorageError
from storage.store import Store

ROUND_SECONDS = 1.0  # a reset by another process is seen this late at most
ROUNDS_PER_SWEEP = 60
PUT_OFF_SECONDS = 600

log = structlog.get_logger()


class Housekeeping:
    """Keeps the store as small as the rules say. `forget` drops what this process has in memory below a key prefix.

    `expire_files` drops uploads that nobody has finished, and carries out saves that somebody died with.
    """

    def __init__(
        self,
        retention: Retention,
        store: Store,
        limit_bytes: int | None,
        expire_files: Callable[[], Awaitable[int]],
        forget: Callable[[str], None] = lambda _prefix: None,
    ) -> None:
        self._retention = retention
        self._store = store
        self._limit_bytes = limit_bytes
        self._expire_files = expire_files
        self._forget = forget

    async def run(self) -> None:
        """Go round until cancelled; a failed round is logged and the next one tries again."""
        rounds = 0
        while True:
            try:
                await self._retention.refresh_generation()
                if rounds % ROUNDS_PER_SWEEP == 0:
                    await self.evict()
                    await self._expire_files()
                await self.purge()
                HOUSEKEEPING_ROUNDS.labels("done").inc()
            except (SQLAlchemyError, StorageError, OSError) as error:
                HOUSEKEEPING_ROUNDS.labels("failed").inc()
                log.warning("housekeeping failed", error=repr(error))
            rounds += 1
            await asyncio.sleep(ROUND_SECONDS)

    async def evict(self) -> int:
        """Retire what its `keep` rule or the byte limit no longer allows; returns how many variants."""
        count = 0
        while expired := await self._retention.expired():
            count += await self._retention.retire_jobs([kept.job_id for kept in expired])
        if self._limit_bytes is not None:
            count += await self.shrink(self._limit_bytes)
        VARIANTS_EVICTED.inc(count)
        return count

    async def shrink(self, limit_bytes: int) -> int:
        """Retire least recently used variants until the rest fits; returns how many."""
        count = 0
        excess_bytes = (await self._retention.totals()).size_bytes - limit_bytes
        while excess_bytes > 0 and (oldest := await self._retention.least_recently_used(100)):
            gone = []
            for kept in oldest:
                if excess_bytes <= 0:
                    break
                gone.append(kept.job_id)
                excess_bytes -= kept.size_bytes
            count += await self._retention.retire_jobs(gone)
        return count

    async def purge(self) -> int:
        """Delete the bytes of everything retired, cancelled or failed; returns how many objects went.

        Raises StorageError for the first that cannot be deleted, which is then left alone for a while.
        """
        count = 0
        while due := await self._retention.purgeable():
            for purge in due:
                try:
                    count += await self._store.delete(purge.prefix)
                except StorageError:
                    # The next round goes on with those behind it.
                    await self._retention.put_off(purge.job_id, PUT_OFF_SECONDS)
                    raise
                self._forget(purge.prefix)
            await self._retention.purged([purge.job_id for purge in due])
        OBJECTS_PURGED.inc(count)
        return count


@contextmanager
def own_scratch(scratch_dir: Path, owners_dir: Path) -> Iterator[Path]:
    """A scratch folder of this program alone; when it dies, the next one to start sweeps it."""
    owner = Owner(owners_dir)
    folder = scratch_dir / owner.id
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        owner.close()


async def sweep_scratch(scratch_dir: Path, owners_dir: Path) -> None:
    """Remove scratch folders whose owner is gone: an owner's folder has its name, as has its mark."""

    def sweep() -> None:
        for folder in scratch_dir.iterdir():
            if is_dead(owners_dir / (folder.name + MARK_SUFFIX)):
                shutil.rmtree(folder, ignore_errors=True)

    await off_loop(sweep)
