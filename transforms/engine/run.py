"""Run a whole plan on the engine: its ranges side by side, then their parts joined into the artifact."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from transforms.engine.messages import Artifact, Assemble, Encode, Part
from transforms.engine.pool import Engine
from transforms.plan import Plan
from transforms.ranges import ranges


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`cores`: ranges encoded at once. `background`: leave the reserved children to real-time work. The timeout is per range.

    `progress` gets the share done, 0 to 1.
    """

    cores: int
    timeout_seconds: float
    background: bool = False
    progress: Callable[[float], None] = lambda _share: None


async def run_plan(engine: Engine, plan: Plan, paths: Sequence[Path], scratch: Path, options: RunOptions) -> Artifact:
    """Encode a plan of one rendition into an artifact in `scratch`.

    Raises RefusedInput and EngineFault; a failed range stops the others.
    """
    names = tuple(str(path) for path in paths)
    pieces = ranges(plan, options.cores)
    done_samples = [0] * len(pieces)
    total_samples = plan.renditions[0].samples
    slots = asyncio.Semaphore(options.cores)

    def follow(index: int) -> Callable[[int], None]:
        def note(samples: int) -> None:
            done_samples[index] = samples
            options.progress(min(1.0, sum(done_samples) / total_samples))

        return note

    async def encode(index: int) -> Part:
        task = Encode(plan, names, pieces[index], str(scratch))
        async with slots:
            parts = await engine.encode(task, follow(index), timeout_seconds=options.timeout_seconds, background=options.background)
        return parts[0]

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(encode(index)) for index in range(len(pieces))]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    assemble = Assemble(plan, names, tuple(task.result() for task in tasks), str(scratch))
    return await engine.assemble(assemble, timeout_seconds=options.timeout_seconds, background=options.background)
