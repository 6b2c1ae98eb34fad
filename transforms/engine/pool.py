"""The engine's front door: typed tasks in, values or the error tree of `transforms.errors` out. Everything behind it is another process."""

import asyncio
import os
import stat
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from transforms.engine.child import Child
from transforms.engine.crew import Crew, Exit
from transforms.engine.messages import (
    Artifact,
    Assemble,
    Assembled,
    CoverRead,
    Describe,
    Described,
    Encode,
    Encoded,
    Measure,
    Measured,
    Outcome,
    Part,
    ReadCover,
    Spool,
    Spooled,
    Track,
)
from transforms.engine.protocol import Assignment, raise_refusal
from transforms.engine.sandbox import EngineLimits, Sandbox, engine_command
from transforms.engine.tags import Cover, web_cover_of
from transforms.errors import EngineCrash, EngineTimeout
from transforms.plan import Plan
from transforms.source import Source

Answer = TypeVar("Answer", Measured, Described, CoverRead, Encoded, Spooled, Assembled)


@dataclass(frozen=True, slots=True)
class Turn:
    """A child of one's own, for tasks of one plan."""

    child: Child
    background: bool

    async def encode(self, task: Encode, progress: Callable[[int], None] | None = None, *, timeout_seconds: float) -> tuple[Part, ...]:
        """Encode one task. As `Engine.encode` in everything else."""
        outcome = await _within(timeout_seconds, self.child, self.child.perform(Assignment(task, self.background), progress))
        parts = _expected(outcome, Encoded).parts
        for part in parts:
            _check_file(task.scratch, part.file, part.size_bytes)
        return parts


class Engine:
    """Warm children: `workers` encode, `reserved` more do so for real-time work only, `probes` measure and describe.

    `async with` starts all of them and leaves none. Use it on the main thread's event loop: children die with the thread that started them.
    """

    def __init__(self, limits: EngineLimits, *, workers: int, probes: int = 1, reserved: int = 1, ffmpeg: str | None = None) -> None:
        self._limits = limits
        self._command = engine_command(ffmpeg)
        self._encoders = Crew(self._start, workers + reserved, workers)
        self._probes = Crew(self._start, probes, probes)
        self._sandbox: Sandbox | None = None

    async def __aenter__(self) -> Self:
        """Start every child, at once; raises EngineFault when that does not work here."""
        # In a thread, which is safe here alone: the programs it tries end at once.
        self._sandbox = await asyncio.to_thread(Sandbox.detect, self._limits)
        try:
            await asyncio.gather(self._encoders.open(), self._probes.open())
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave none."""
        await self.close()

    async def close(self) -> None:
        """Kill every child and everything it started."""
        await asyncio.gather(self._encoders.close(), self._probes.close())

    @property
    def crews(self) -> dict[str, Crew]:
        """The children by their duty."""
        return {"encode": self._encoders, "probe": self._probes}

    @property
    def exits(self) -> Counter[Exit]:
        """How many children ended and were replaced so far, by reason."""
        return self._encoders.exits + self._probes.exits

    async def measure(self, path: str) -> Source:
        """The file's Source with its exact length. Raises RefusedInput or EngineFault."""
        async with self._probes.lease() as child:
            outcome = await _within(self._limits.probe_seconds, child, child.perform(Assignment(Measure(path))))
            return _expected(outcome, Measured).source

    async def describe(self, path: str) -> tuple[Track, ...]:
        """The file's tracks for f=meta. Raises RefusedInput or EngineFault."""
        async with self._probes.lease() as child:
            outcome = await _within(self._limits.probe_seconds, child, child.perform(Assignment(Describe(path))))
            return _expected(outcome, Described).tracks

    async def read_cover(self, path: str) -> Cover | None:
        """The picture attached to a file; None where there is none of a type that browsers show. Raises RefusedInput or EngineFault."""
        async with self._probes.lease() as child:
            outcome = await _within(self._limits.probe_seconds, child, child.perform(Assignment(ReadCover(path))))
            return web_cover_of(b64decode(_expected(outcome, CoverRead).picture))

    async def encode(
        self, task: Encode, progress: Callable[[int], None] | None = None, *, timeout_seconds: float, background: bool = False
    ) -> tuple[Part, ...]:
        """Encode one task; `progress` is called with the samples done. The time counts from when a child is free.

        Cancelling kills the child and everything it started before CancelledError arrives. Raises RefusedInput or EngineFault.
        """
        async with self.turn(task.plan, task.paths, background=background) as turn:
            return await turn.encode(task, progress, timeout_seconds=timeout_seconds)

    @asynccontextmanager
    async def turn(self, plan: Plan, paths: tuple[str, ...], *, background: bool = False) -> AsyncIterator[Turn]:
        """Wait for a child and keep it while the context lasts: what it encodes can be decided when the turn has come."""
        session = (plan, paths)
        async with self._encoders.lease(session, background) as child:
            child.session = session
            yield Turn(child, background)

    async def spool(self, task: Spool, *, timeout_seconds: float, background: bool = False) -> tuple[Path, Source]:
        """Decode a source into a PCM file that can be entered anywhere: its path, and what it is. As `encode` in everything else."""
        async with self._encoders.lease(None, background) as child:
            outcome = await _within(timeout_seconds, child, child.perform(Assignment(task, background)))
            spooled = _expected(outcome, Spooled)
            _check_file(task.scratch, spooled.file, spooled.size_bytes)
            return Path(task.scratch, spooled.file), spooled.source

    async def assemble(self, task: Assemble, *, timeout_seconds: float, background: bool = False) -> Artifact:
        """Join a whole encode's parts; as `encode` in everything else."""
        async with self._encoders.lease((task.plan, task.paths), background) as child:
            outcome = await _within(timeout_seconds, child, child.perform(Assignment(task, background)))
            artifact = _expected(outcome, Assembled).artifact
            _check_file(task.scratch, artifact.file, artifact.size_bytes)
            return artifact

    async def _start(self) -> Child:
        assert self._sandbox is not None
        return await Child.start(self._sandbox, self._command)


async def _within(timeout_seconds: float, child: Child, work: Awaitable[Outcome]) -> Outcome:
    try:
        async with asyncio.timeout(timeout_seconds):
            return await work
    except TimeoutError as error:
        raise EngineTimeout(f"The work was not done within {timeout_seconds:g} s.", detail=child.log) from error


def _expected(outcome: Outcome, kind: type[Answer]) -> Answer:
    """The answer, or the error it stands for."""
    raise_refusal(outcome)
    if not isinstance(outcome, kind):
        raise EngineCrash("The engine stopped unexpectedly.", detail=f"{type(outcome).__name__} is no answer to this task")
    return outcome


def _check_file(scratch: str, name: str, size_bytes: int) -> None:
    """A child that media has taken over may name any file: only a regular one of its own scratch folder is ever published."""
    try:
        status = Path(scratch, name).lstat()
    except (OSError, ValueError) as error:
        raise EngineCrash("The engine stopped unexpectedly.", detail=f"the child reported {name!r}: {error}") from error
    if os.path.basename(name) != name or not stat.S_ISREG(status.st_mode) or status.st_size != size_bytes:
        raise EngineCrash("The engine stopped unexpectedly.", detail=f"the child reported {name!r} with {size_bytes} bytes: {status}")
