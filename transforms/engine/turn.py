"""A child of one's own, for as long as tasks are given to it; while bytes of a file are awaited others may have it."""

import asyncio
import os
import stat
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from transforms.engine.child import Child
from transforms.engine.messages import Assembled, CoverRead, Decoded, Described, Encode, Encoded, Measured, Outcome, Part, Task
from transforms.engine.protocol import Assignment, raise_refusal
from transforms.engine.supply import Bring, Supply
from transforms.errors import EngineCrash, EngineTimeout

Answer = TypeVar("Answer", Measured, Described, CoverRead, Encoded, Decoded, Assembled)
Lease = Callable[[], AbstractAsyncContextManager[Child]]

AHEAD_BYTES: Final = 2**20
"""Awaited before a task is tried again, at first; twice as much each time, so that all tries together cost little more than the last."""


class Turn:
    """For `async with`, which waits for the child. `bring` gets the bytes of files that are still arriving."""

    def __init__(self, lease: Lease, bring: Bring, *, background: bool = False) -> None:
        self._lease = lease
        self._bring = bring
        self._background = background
        self._held = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Wait for a child."""
        await self._take()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give it back."""
        await self._held.__aexit__(kind, error, trace)

    async def encode(self, task: Encode, progress: Callable[[int], None] | None = None, *, timeout_seconds: float) -> tuple[Part, ...]:
        """Encode one task: a part of each rendition for each piece, in order. As `Engine.encode` in everything else."""
        parts = expected(await self.perform(task, timeout_seconds, progress), Encoded).parts
        if [part.rendition for part in parts] != [number for piece in task.pieces for number in range(len(piece))]:
            raise EngineCrash("The engine stopped unexpectedly.", detail=f"{len(parts)} parts are no answer to {len(task.pieces)} pieces")
        for part in parts:
            check_file(task.scratch, part.file, part.size_bytes)
        return parts

    async def perform(self, task: Task, timeout_seconds: float, progress: Callable[[int], None] | None = None) -> Outcome:
        """The outcome of any task; the time counts anew for each try. Raises EngineFault, and whatever keeps a file's bytes away."""
        ahead_bytes = AHEAD_BYTES
        while True:
            supply = Supply(self._bring, task)
            try:
                async with asyncio.timeout(timeout_seconds):
                    outcome = await self._child.perform(Assignment(task, self._background), progress, supply)
            except TimeoutError as error:
                raise EngineTimeout(f"The work was not done within {timeout_seconds:g} s.", detail=self._child.log) from error
            if supply.failure is not None:
                if not isinstance(supply.failure, EngineCrash):
                    await self._held.aclose()  # the child has done no wrong
                raise supply.failure
            if supply.starved is None:
                return outcome
            await self._held.aclose()
            await self._bring(supply.starved.path, supply.starved.start, supply.starved.start + ahead_bytes)
            ahead_bytes *= 2
            await self._take()

    async def _take(self) -> None:
        self._child = await self._held.enter_async_context(self._lease())


def expected(outcome: Outcome, kind: type[Answer]) -> Answer:
    """The answer, or the error it stands for."""
    raise_refusal(outcome)
    if not isinstance(outcome, kind):
        raise EngineCrash("The engine stopped unexpectedly.", detail=f"{type(outcome).__name__} is no answer to this task")
    return outcome


def check_file(scratch: str, name: str, size_bytes: int) -> None:
    """A child that media has taken over may name any file: only a regular one of its own scratch folder is ever published."""
    try:
        status = Path(scratch, name).lstat()
    except (OSError, ValueError) as error:
        raise EngineCrash("The engine stopped unexpectedly.", detail=f"the child reported {name!r}: {error}") from error
    if os.path.basename(name) != name or not stat.S_ISREG(status.st_mode) or status.st_size != size_bytes:
        raise EngineCrash("The engine stopped unexpectedly.", detail=f"the child reported {name!r} with {size_bytes} bytes: {status}")
