"""Run a whole plan on the engine: its ranges side by side, then their parts joined into the artifact."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from transforms.engine.messages import Artifact, Assemble, Decode, Encode, Part, Span
from transforms.engine.pool import Engine
from transforms.plan import Plan
from transforms.ranges import Stretches, pays_to_decode_first, ranges

DIVIDED_SECONDS: Final = 240
"""Shorter encodes are over before another machine has read the original."""

LANES_ELSEWHERE: Final = 2
"""A divided encode is cut as if there were twice the cores: ranges of at most a minute (MP3: two), whoever takes them."""

Ranges = tuple[tuple[Span, ...], ...]


class Division(Protocol):
    """Who encodes which range. `brought` are parts that were made elsewhere, in the scratch folder when all lanes are done."""

    async def take(self, lane: int) -> int | None:
        """The next range for a lane of ours; None when nothing is left for it."""

    async def brought(self) -> tuple[Part, ...]:
        """What others have encoded."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`cores`: ranges encoded at once. `background`: leave the reserved children to real-time work. The timeout is per range.

    `progress` gets the share done, 0 to 1. `divide` offers the ranges of a long encode to other machines.
    """

    cores: int
    timeout_seconds: float
    background: bool = False
    progress: Callable[[float], None] = lambda _share: None
    divide: Callable[[Ranges], Awaitable[Division]] | None = None


class _Alone:
    """All ranges are ours."""

    def __init__(self, count: int, lanes: int) -> None:
        self._stretches = Stretches(count, lanes)

    async def take(self, lane: int) -> int | None:
        return self._stretches.take(lane)

    async def brought(self) -> tuple[Part, ...]:
        return ()


async def run_plan(engine: Engine, plan: Plan, paths: Sequence[Path], scratch: Path, options: RunOptions) -> Artifact:
    """Encode a plan of one rendition into an artifact in `scratch`.

    Raises RefusedInput and EngineFault; a failed range stops the others.
    """
    names = tuple(str(path) for path in paths)
    read, opened = await _enterable(engine, plan, names, scratch, options)
    pieces, division = await _divided(read, options, alone=read is not plan)
    done_samples = [0] * len(pieces)
    total_samples = plan.renditions[0].samples
    parts: list[Part] = []

    def follow(index: int) -> Callable[[int], None]:
        def note(samples: int) -> None:
            done_samples[index] = samples
            options.progress(min(1.0, sum(done_samples) / total_samples))

        return note

    async def work(lane: int) -> None:
        while (index := await division.take(lane)) is not None:
            task = Encode(read, opened, (pieces[index],), str(scratch))
            made = await engine.encode(task, follow(index), timeout_seconds=options.timeout_seconds, background=options.background)
            parts.extend(made)

    try:
        async with asyncio.TaskGroup() as group:
            for lane in range(min(options.cores, len(pieces))):
                group.create_task(work(lane))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    parts.extend(await division.brought())
    assemble = Assemble(plan, names, tuple(parts), str(scratch))
    return await engine.assemble(assemble, timeout_seconds=options.timeout_seconds, background=options.background)


async def _divided(plan: Plan, options: RunOptions, *, alone: bool) -> tuple[Ranges, Division]:
    """The ranges, and who encodes which. `alone`: they read what only this machine has."""
    if options.divide is not None and not alone and plan.seconds >= DIVIDED_SECONDS:
        pieces = ranges(plan, LANES_ELSEWHERE * options.cores)
        if len(pieces) > options.cores:
            return pieces, await options.divide(pieces)
    pieces = ranges(plan, options.cores)
    return pieces, _Alone(len(pieces), options.cores)


async def _enterable(
    engine: Engine, plan: Plan, names: tuple[str, ...], scratch: Path, options: RunOptions
) -> tuple[Plan, tuple[str, ...]]:
    """The plan with every source enterable anywhere, and the files it reads then: what is not is decoded first where that pays.

    Sources that end earlier than they were measured stay as they are: silence in the middle is the engine's to decide, not ours.
    """
    if not pays_to_decode_first(plan, options.cores):
        return plan, names
    sources, files = list(plan.sources), list(names)
    for number, source in enumerate(plan.sources):
        if not source.seekable:
            task = Decode(names[number], source, number, str(scratch))
            decoded, found = await engine.decode(task, timeout_seconds=options.timeout_seconds, background=options.background)
            if found.samples != source.samples:
                return plan, names
            sources[number], files[number] = found, str(decoded)
    return replace(plan, sources=tuple(sources)), tuple(files)
