"""Local copies of remote files, for those who need a file: shared by everybody who wants the same one, gone a little after the last.

A copy is complete before it is given out. (A demuxer that reads while bytes still arrive needs a child that asks for ranges.)
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ulid import ULID

from storage.intake import Intake, receive_file

IDLE_SECONDS: Final = 30.0  # a job follows the probe, and a player asks again


@dataclass
class _Copy:
    """One copy: its path, the task that fills it, who uses it, and what will take it away."""

    path: Path
    filling: "asyncio.Task[int]"
    users: int = 0
    leaving: asyncio.TimerHandle | None = None


class Spools:
    """Copies in one folder, which is the program's own."""

    def __init__(self, folder: Path, require_space: Callable[[int], Awaitable[None]]) -> None:
        self._folder = folder
        self._require_space = require_space
        self._copies: dict[str, _Copy] = {}

    @asynccontextmanager
    async def borrow(self, name: str, pieces: Callable[[], AsyncIterator[bytes]], size_bytes: int) -> AsyncIterator[Path]:
        """The whole file of this name, fetched unless it is here; raises what `pieces` raises, TooManyBytes and StoreFull."""
        copy = self._copies.get(name)
        if copy is None or (copy.filling.done() and (copy.filling.cancelled() or copy.filling.exception() is not None)):
            copy = self._copies[name] = self._begin(pieces, size_bytes)
        copy.users += 1
        if copy.leaving is not None:
            copy.leaving.cancel()
            copy.leaving = None
        try:
            await asyncio.shield(copy.filling)
            yield copy.path
        finally:
            copy.users -= 1
            if not copy.users:
                self._leave(name, copy)

    def close(self) -> None:
        """Take every copy away."""
        for name, copy in list(self._copies.items()):
            self._drop(name, copy)

    def _begin(self, pieces: Callable[[], AsyncIterator[bytes]], size_bytes: int) -> _Copy:
        path = self._folder / f"spool-{ULID()}"
        return _Copy(path, asyncio.ensure_future(self._fill(pieces, path, size_bytes)))

    async def _fill(self, pieces: Callable[[], AsyncIterator[bytes]], path: Path, size_bytes: int) -> int:
        await self._require_space(size_bytes)
        return await receive_file(pieces(), path, Intake(size_bytes, self._require_space))

    def _leave(self, name: str, copy: _Copy) -> None:
        """Nobody uses it: a copy that is whole waits a little for the next one, any other goes."""
        if copy.filling.done() and not copy.filling.cancelled() and copy.filling.exception() is None:
            copy.leaving = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, name, copy)
        else:
            self._drop(name, copy)

    def _drop(self, name: str, copy: _Copy) -> None:
        copy.filling.cancel()
        if copy.leaving is not None:
            copy.leaving.cancel()
        if self._copies.get(name) is copy:
            del self._copies[name]
        copy.path.unlink(missing_ok=True)
