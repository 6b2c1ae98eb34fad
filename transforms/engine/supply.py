"""Bytes of files that are still arriving, for one task: its child asks, somebody else brings them, and patience ends."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from transforms.engine.messages import Assemble, Encode, Task
from transforms.engine.protocol import Supplied, Wanted
from transforms.errors import EngineCrash

Bring = Callable[[str, int, int], Awaitable[tuple[int, int]]]
"""Waits until the bytes [start, end) of a file are there; returns all that is there around them. Raises whatever keeps them away."""

PATIENCE_SECONDS: Final = 3.0
"""For so long in all a task keeps its child while bytes are awaited: children are few, and others' files may be here."""

NOTHING: Final = Supplied(0, 0)


async def everything_is_here(path: str, _start: int, _end: int) -> tuple[int, int]:
    """For those whose files are complete."""
    return 0, os.stat(path).st_size


class Supply:
    """Answers a child's questions during one task. `failure` is why bytes will not come, `starved` what was awaited for too long."""

    def __init__(self, bring: Bring, task: Task) -> None:
        self.failure: Exception | None = None
        self.starved: Wanted | None = None
        self._bring = bring
        self._paths = paths_of(task)
        self._left_seconds = PATIENCE_SECONDS

    async def answer(self, wanted: Wanted) -> Supplied:
        """What is there around the bytes that are wanted; nothing once they will not come, or not soon: the task then ends by itself."""
        if self.failure is None and not (wanted.path in self._paths and 0 <= wanted.start < wanted.end):
            # Nobody would ever bring what does not exist: a child that media has taken over could make its task wait for ever.
            self.failure = EngineCrash("The engine stopped unexpectedly.", detail=f"the child asked for {wanted}")
        if self.failure is not None or self.starved is not None:
            return NOTHING
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(self._left_seconds):
                return Supplied(*await self._bring(wanted.path, wanted.start, wanted.end))
        except TimeoutError:
            self.starved = wanted
        except Exception as error:  # whoever has given the task gets it
            self.failure = error
        finally:
            self._left_seconds -= clock() - began
        return NOTHING


def paths_of(task: Task) -> Sequence[str]:
    """The files that a task reads."""
    return task.paths if isinstance(task, Encode | Assemble) else (task.path,)
