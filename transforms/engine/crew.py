"""A fixed number of warm children and the queue before them: leases, priorities, and a fresh child for every one that ends."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transforms.engine.child import Child
from transforms.errors import EngineCrash, EngineTimeout, RefusedInput

# After a child could not be started: long enough not to spin, short enough that a passing shortage is soon over.
RESTART_SECONDS: Final = 1.0


class Exit(StrEnum):
    """Why a child ended before the engine was closed."""

    WORN = "worn"  # done its share of tasks, or held too much memory
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    CRASHED = "crashed"  # died during a task, or said what no child says
    FAULT = "fault"  # reported that the work failed: FFmpeg did, or the disk
    DIED_IDLE = "died_idle"


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    """Someone in the queue; `session` is what it would like to find open."""

    session: object
    background: bool
    turn: asyncio.Future[Child]


class Crew:
    """`size` children; background leases hold at most `background_size` of them, so the others are kept for real time."""

    def __init__(self, start: Callable[[], Awaitable[Child]], size: int, background_size: int) -> None:
        self._start = start
        self._size = size
        self._background_free = background_size
        self._closed = False
        self._idle: list[Child] = []  # the one used longest ago comes first
        self._leased: set[Child] = set()
        self._urgent: deque[_Waiter] = deque()
        self._background: deque[_Waiter] = deque()
        self._arrivals: set[asyncio.Task[None]] = set()
        self._deaths: set[asyncio.Task[None]] = set()
        self._watches: set[asyncio.Task[None]] = set()
        self.exits: Counter[Exit] = Counter()

    @property
    def size(self) -> int:
        """Children there should be."""
        return self._size

    @property
    def idle(self) -> int:
        """Children that wait for work."""
        return len(self._idle)

    @property
    def busy(self) -> int:
        """Children at work."""
        return len(self._leased)

    async def open(self) -> None:
        """Start every child and wait until all are warm. Raises EngineCrash when one cannot be started; `close` then ends the others."""
        await asyncio.gather(*(_owned(self._add(), self._arrivals) for _ in range(self._size)))

    async def close(self) -> None:
        """Kill all children, also those at work; whoever waits or works gets EngineCrash."""
        self._closed = True
        for chore in (*self._arrivals, *self._watches):
            chore.cancel()
        while self._urgent or self._background:
            self._disappoint(_shut())
        await asyncio.gather(*self._arrivals, *self._watches, return_exceptions=True)
        await asyncio.gather(*self._deaths, *(child.kill() for child in (*self._idle, *self._leased)))
        self._idle.clear()

    @asynccontextmanager
    async def lease(self, session: object = None, background: bool = False) -> AsyncIterator[Child]:
        """A child of one's own, in order of arrival and real time first; preferably the one that has `session` open.

        Leaving with anything but success or a RefusedInput (a cancellation, a time-out, a crash) kills the child and everything it
        started, before the exception goes on: the scratch folder is then nobody's.
        """
        child = await self._acquire(_Waiter(session, background, asyncio.get_running_loop().create_future()))
        end: Exit | None = None
        try:
            yield child
        except RefusedInput:
            raise
        except BaseException as error:
            end = _exit_of(error)
            raise
        finally:
            await self._give_back(child, background, end or _end_of(child))

    async def _acquire(self, waiter: _Waiter) -> Child:
        if self._closed:
            raise _shut()
        queue = self._background if waiter.background else self._urgent
        queue.append(waiter)
        self._match()
        try:
            return await waiter.turn
        except asyncio.CancelledError:
            if waiter in queue:
                queue.remove(waiter)
            elif not waiter.turn.cancelled() and waiter.turn.exception() is None:  # the turn came together with the cancellation
                await self._give_back(waiter.turn.result(), waiter.background, None)
            raise

    def _match(self) -> None:
        """Hand idle children to whoever is first and allowed."""
        while self._idle:
            if self._urgent:
                waiter = self._urgent.popleft()
            elif self._background and self._background_free:
                waiter = self._background.popleft()
            else:
                return
            if waiter.turn.done():
                continue
            child = next((child for child in self._idle if child.session == waiter.session), self._idle[0])
            self._idle.remove(child)
            self._leased.add(child)
            self._background_free -= waiter.background
            waiter.turn.set_result(child)

    async def _give_back(self, child: Child, background: bool, end: Exit | None) -> None:
        """`end`: why it must not work on."""
        self._leased.discard(child)
        self._background_free += background
        if end is None and not self._closed:
            self._idle.append(child)
            self._match()
        else:
            await self._replace(child, end)

    async def _replace(self, child: Child, end: Exit | None) -> None:
        """Returns when it is gone; the fresh one is on its way then."""
        death = _owned(child.kill(), self._deaths)
        if not self._closed:
            _owned(self._refill(), self._arrivals)
        if end is not None:
            self.exits[end] += 1
        await asyncio.shield(death)

    async def _refill(self) -> None:
        """Warm a fresh child for the place that became free, for as long as it takes."""
        while True:
            try:
                return await self._add()
            except (EngineCrash, OSError) as error:
                self._disappoint(error)
                await asyncio.sleep(RESTART_SECONDS)

    async def _add(self) -> None:
        child = await self._start()
        self._idle.append(child)
        _owned(self._watch(child), self._watches)
        self._match()

    async def _watch(self, child: Child) -> None:
        """One that dies while nobody uses it (the kernel was short of memory) is replaced before anybody is given it."""
        await child.ended()
        if child in self._idle:
            self._idle.remove(child)
            await self._replace(child, Exit.DIED_IDLE)

    def _disappoint(self, error: Exception) -> None:
        """No child will come soon: whoever is first learns it instead of waiting without end."""
        queue = self._urgent or self._background
        if queue:
            waiter = queue.popleft()
            if not waiter.turn.done():
                waiter.turn.set_exception(error)


def _exit_of(error: BaseException) -> Exit:
    match error:
        case EngineTimeout():
            return Exit.TIMEOUT
        case EngineCrash():
            return Exit.CRASHED
        case Exception():
            return Exit.FAULT
        case _:
            return Exit.CANCELLED


def _end_of(child: Child) -> Exit | None:
    """Why a child must not work on though its task is done; it may have died since (the kernel was short of memory)."""
    if not child.alive:
        return Exit.DIED_IDLE
    return Exit.WORN if child.worn() else None


def _shut() -> EngineCrash:
    return EngineCrash("The engine is shutting down.")


def _owned(chore: Coroutine[None, None, None], owner: set[asyncio.Task[None]]) -> asyncio.Task[None]:
    """Work that outlives the lease that caused it; `close` ends or awaits it."""
    task = asyncio.create_task(chore)
    owner.add(task)
    task.add_done_callback(owner.discard)
    return task
