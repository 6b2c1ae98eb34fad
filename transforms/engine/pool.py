"""The engine's front door: typed tasks in, values or the error tree of `transforms.errors` out. Everything behind it is another process."""

import asyncio
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from transforms.engine.child import Child
from transforms.engine.crew import Crew, Exit
from transforms.engine.messages import (
    Artifact,
    Assemble,
    Assembled,
    CoverRead,
    Decode,
    Decoded,
    Describe,
    Described,
    Encode,
    Measure,
    Measured,
    Part,
    ReadCover,
    Track,
)
from transforms.engine.sandbox import EngineLimits, Sandbox, engine_command
from transforms.engine.supply import Bring, everything_is_here
from transforms.engine.tags import Cover, web_cover_of
from transforms.engine.turn import Answer, Turn, check_file, expected
from transforms.plan import Plan
from transforms.source import Source


class Engine:
    """Warm children: `workers` encode, `reserved` more do so for real-time work only, `probes` measure and describe.

    `async with` starts all of them and leaves none. Use it on the main thread's event loop: children die with the thread that started them.
    `bring` is asked for the bytes of files that are still arriving.
    """

    def __init__(self, limits: EngineLimits, *, workers: int, probes: int = 1, reserved: int = 1, ffmpeg: str | None = None) -> None:
        self.bring: Bring = everything_is_here
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
        """The file's Source with its exact length. Raises RefusedInput, EngineFault, and what keeps the bytes of an arriving file away."""
        return (await self._probe(Measure(path), Measured)).source

    async def describe(self, path: str) -> tuple[Track, ...]:
        """The file's tracks for f=meta. Raises what `measure` raises."""
        return (await self._probe(Describe(path), Described)).tracks

    async def read_cover(self, path: str) -> Cover | None:
        """The picture attached to a file; None where there is none of a type that browsers show. Raises what `measure` raises."""
        return web_cover_of(b64decode((await self._probe(ReadCover(path), CoverRead)).picture))

    async def encode(
        self, task: Encode, progress: Callable[[int], None] | None = None, *, timeout_seconds: float, background: bool = False
    ) -> tuple[Part, ...]:
        """Encode one task; `progress` is called with the samples done. The time counts from when a child is free.

        Cancelling kills the child and everything it started before CancelledError arrives. Raises RefusedInput or EngineFault.
        """
        async with self.turn(task.plan, task.paths, background=background) as turn:
            return await turn.encode(task, progress, timeout_seconds=timeout_seconds)

    def turn(self, plan: Plan, paths: tuple[str, ...], *, background: bool = False) -> Turn:
        """For `async with`: wait for a child and keep it; what it encodes can be decided when the turn has come."""
        session = (plan, paths)

        @asynccontextmanager
        async def lease() -> AsyncIterator[Child]:
            async with self._encoders.lease(session, background) as child:
                child.session = session
                yield child

        return Turn(lease, self.bring, background=background)

    async def decode(self, task: Decode, *, timeout_seconds: float, background: bool = False) -> tuple[Path, Source]:
        """Decode a source into a PCM file that can be entered anywhere: its path, and what it is. As `encode` in everything else."""
        async with Turn(lambda: self._encoders.lease(None, background), self.bring, background=background) as turn:
            decoded = expected(await turn.perform(task, timeout_seconds), Decoded)
            check_file(task.scratch, decoded.file, decoded.size_bytes)
            return Path(task.scratch, decoded.file), decoded.source

    async def assemble(self, task: Assemble, *, timeout_seconds: float, background: bool = False) -> Artifact:
        """Join a whole encode's parts; as `encode` in everything else."""
        session = (task.plan, task.paths)
        async with Turn(lambda: self._encoders.lease(session, background), self.bring, background=background) as turn:
            artifact = expected(await turn.perform(task, timeout_seconds), Assembled).artifact
            check_file(task.scratch, artifact.file, artifact.size_bytes)
            return artifact

    async def _probe(self, task: Measure | Describe | ReadCover, kind: type[Answer]) -> Answer:
        async with Turn(self._probes.lease, self.bring) as turn:
            # Judged while the child is held: one that answers something else does not live on.
            return expected(await turn.perform(task, self._limits.probe_seconds), kind)

    async def _start(self) -> Child:
        assert self._sandbox is not None
        return await Child.start(self._sandbox, self._command)
