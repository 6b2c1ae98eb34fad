"""Local copies of remote files: one for everybody who wants the same file, gone a little after the last of them."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from ulid import ULID

from storage.extents import Extent
from storage.spool import Origin, Spool

IDLE_SECONDS: Final = 30.0  # a job follows the probe, and a player asks again

_ENDING: Final = re.compile(r"\.[A-Za-z0-9]{1,8}")


@runtime_checkable
class EarlyStore(Protocol):
    """A store that lends objects before they are here."""

    def borrow_early(self, key: str, spools: "Spools") -> AbstractAsyncContextManager[Path | Spool]:
        """A local file, or a copy that arrives while it is read, as long as the context lasts; raises ObjectMissing."""


class Spools:
    """Copies in one folder, which is the program's own."""

    def __init__(self, folder: Path, require_space: Callable[[int], Awaitable[None]]) -> None:
        self._folder = folder
        self._require_space = require_space
        self._spools: dict[str, Spool] = {}
        self._by_path: dict[str, Spool] = {}
        self._leaving: dict[Spool, asyncio.TimerHandle] = {}

    def expect(self, name: str, origin: Origin, ending: str = "") -> None:
        """Somebody will borrow this in a moment: fetch what will be read first. Not where parts cannot be fetched."""
        if origin.has_ranges and name not in self._spools:
            self._leave(name, self._get(name, origin, ending))

    @asynccontextmanager
    async def borrow(self, name: str, origin: Origin, ending: str = "") -> AsyncIterator[Spool]:
        """The copy of this name, begun unless it is here; `ending` is the file's, such as `.mp3`. Raises StoreFull."""
        spool = self._get(name, origin, ending)
        spool.users += 1
        if (timer := self._leaving.pop(spool, None)) is not None:
            timer.cancel()
        try:
            await spool.opened()
            yield spool
        finally:
            spool.users -= 1
            if not spool.users:
                self._leave(name, spool)

    async def supply(self, path: str, start: int, end: int) -> Extent:
        """Wait until [start, end) of a local file is there; returns all that is there around it. Files that are no copies are there.

        Raises what `Spool.want` raises, and OSError.
        """
        spool = self._by_path.get(path)
        return (0, os.stat(path).st_size) if spool is None else await spool.want(start, end)

    def close(self) -> None:
        """Take every copy away."""
        for timer in self._leaving.values():
            timer.cancel()
        for spool in list(self._by_path.values()):
            self._by_path.pop(str(spool.arriving))
            spool.close()
        self._spools.clear()

    def _get(self, name: str, origin: Origin, ending: str) -> Spool:
        spool = self._spools.get(name)
        if spool is not None and spool.failure is None:
            return spool
        shown = ending if _ENDING.fullmatch(ending) else ""
        spool = self._spools[name] = Spool(self._folder / f"spool-{ULID()}{shown}", origin, self._require_space)
        self._by_path[str(spool.arriving)] = spool
        return spool

    def _leave(self, name: str, spool: Spool) -> None:
        """Nobody reads it: what can be read on waits a little for the next one, any other goes."""
        if spool.outlives_its_users:
            self._leaving[spool] = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, name, spool)
        else:
            self._drop(name, spool)

    def _drop(self, name: str, spool: Spool) -> None:
        self._leaving.pop(spool, None)
        if self._spools.get(name) is spool:
            del self._spools[name]
        self._by_path.pop(str(spool.arriving), None)
        spool.close()
