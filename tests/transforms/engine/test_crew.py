"""Leases: who gets a child, in which order, and that every child that ends is followed by a fresh one. Real processes throughout."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.transforms.engine.family import alive, eventually
from tests.transforms.engine.rogue import SOURCE
from transforms.engine.child import Child
from transforms.engine.crew import Crew, Exit
from transforms.engine.messages import Measure, Measured
from transforms.engine.protocol import Assignment
from transforms.engine.sandbox import EngineLimits, Sandbox
from transforms.errors import EngineCrash, EngineTimeout, UnsupportedInput

NOTHING = Assignment(Measure("nothing"))
HANG = Assignment(Measure("hang"))


def starter(limits: EngineLimits) -> Callable[[], Awaitable[Child]]:
    sandbox = Sandbox.detect(limits)
    return lambda: Child.start(sandbox, (sys.executable, "-P", "-s", "-m", "tests.transforms.engine.rogue"))


@asynccontextmanager
async def crew(size: int, background_size: int, limits: EngineLimits | None = None) -> AsyncIterator[Crew]:
    opened = Crew(starter(limits or EngineLimits()), size, background_size)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def pid_of_next(opened: Crew) -> int:
    async with opened.lease() as child:
        assert await child.perform(NOTHING) == Measured(SOURCE)
        return child.pid


async def test_a_child_is_used_again() -> None:
    async with crew(1, 1) as opened:
        assert await pid_of_next(opened) == await pid_of_next(opened)


async def test_the_child_with_the_open_session_is_preferred_and_others_keep_theirs() -> None:
    async with crew(2, 2) as opened:
        async with opened.lease("song") as first:
            first.session = "song"
        async with opened.lease("speech") as second:
            second.session = "speech"
        assert second is not first
        for session, child in (("song", first), ("speech", second), ("song", first), ("song", first)):
            async with opened.lease(session) as leased:
                assert leased is child


async def test_background_leaves_the_reserved_child_to_real_time() -> None:
    async with crew(2, 1) as opened, opened.lease(background=True):
        waiting = asyncio.create_task(opened.lease(background=True).__aenter__())
        async with opened.lease():
            await asyncio.sleep(0)
            assert not waiting.done()
        await asyncio.sleep(0)
        assert not waiting.done(), "a free child that is reserved is not for background work"
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_order_is_real_time_first_then_arrival() -> None:
    order: list[str] = []

    async def work(opened: Crew, name: str, background: bool) -> None:
        async with opened.lease(background=background):
            order.append(name)
            await asyncio.sleep(0)

    async with crew(1, 1) as opened, asyncio.TaskGroup() as group, opened.lease():
        for name in ("b1", "b2", "r1", "b3", "r2"):
            group.create_task(work(opened, name, name.startswith("b")))
            await asyncio.sleep(0)
    assert order == ["r1", "r2", "b1", "b2", "b3"]


async def test_whoever_stops_waiting_leaves_no_hole() -> None:
    async with crew(1, 1) as opened:
        async with opened.lease():
            gone = asyncio.create_task(pid_of_next(opened))
            stays = asyncio.create_task(pid_of_next(opened))
            await asyncio.sleep(0)
            gone.cancel()
        assert await stays
        with pytest.raises(asyncio.CancelledError):
            await gone
        late = asyncio.create_task(pid_of_next(opened))
        async with opened.lease():
            await asyncio.sleep(0)
        late.cancel()  # in the very step in which its turn came
        with pytest.raises(asyncio.CancelledError):
            await late
        assert await pid_of_next(opened)


async def test_cancelling_kills_and_replaces_at_once() -> None:
    async with crew(1, 1) as opened:
        old = await pid_of_next(opened)

        async def hang() -> None:
            async with opened.lease() as child:
                await child.perform(HANG)

        task = asyncio.create_task(hang())
        await eventually(lambda: bool(opened._leased))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not alive(old), "gone before the cancellation arrives"
        assert await pid_of_next(opened) != old
        assert opened.exits == {Exit.CANCELLED: 1}


async def test_refusals_keep_the_child_and_errors_do_not() -> None:
    async with crew(1, 1) as opened:
        pids = [await pid_of_next(opened)]
        for error in (UnsupportedInput("no"), RuntimeError("yes")):
            with pytest.raises(type(error)):
                async with opened.lease():
                    raise error
            pids.append(await pid_of_next(opened))
        assert pids[0] == pids[1] != pids[2]
        assert opened.exits == {Exit.FAULT: 1}


@pytest.mark.parametrize(("error", "reason"), [(EngineTimeout("late"), Exit.TIMEOUT), (EngineCrash("dead"), Exit.CRASHED)])
async def test_exits_say_what_became_of_the_child(error: Exception, reason: Exit) -> None:
    async with crew(1, 1) as opened:
        with pytest.raises(type(error)):
            async with opened.lease():
                raise error
        assert opened.exits == {reason: 1}
        assert await pid_of_next(opened)
        assert (opened.size, opened.idle, opened.busy) == (1, 1, 0)
    assert opened.exits == {reason: 1}, "closing is no exit"


async def test_worn_children_are_replaced() -> None:
    async with crew(1, 1, EngineLimits(tasks=2)) as opened:
        pids = [await pid_of_next(opened) for _ in range(4)]
        assert pids[0] == pids[1] != pids[2] == pids[3]
        assert opened.exits == {Exit.WORN: 2}


async def test_a_child_that_dies_idle_is_replaced_before_anybody_is_given_it() -> None:
    async with crew(1, 1) as opened:
        old = await pid_of_next(opened)
        os.kill(old, signal.SIGKILL)
        await eventually(lambda: not opened._idle)
        assert await pid_of_next(opened) != old
        assert opened.exits == {Exit.DIED_IDLE: 1}


async def test_a_child_that_dies_behind_its_outcome_is_replaced_too() -> None:
    async with crew(1, 1) as opened:
        async with opened.lease() as child:
            assert await child.perform(NOTHING) == Measured(SOURCE)
            os.kill(child.pid, signal.SIGKILL)
            await child.ended()
        assert await pid_of_next(opened) != child.pid
        assert opened.exits == {Exit.DIED_IDLE: 1}


async def test_closing_kills_those_at_work_and_wakes_those_who_wait() -> None:
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(crew(1, 1))
        pid = await pid_of_next(opened)

        async def hang() -> None:
            async with opened.lease() as child:
                await child.perform(HANG)

        tasks = [asyncio.create_task(hang()) for _ in range(2)]
        await eventually(lambda: bool(opened._leased))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [EngineCrash, EngineCrash]
    assert not alive(pid)
    with pytest.raises(EngineCrash):
        await pid_of_next(opened)


async def test_nobody_waits_without_end_when_children_cannot_be_started() -> None:
    start = starter(EngineLimits())
    broken = False

    async def sometimes() -> Child:
        if broken:
            raise EngineCrash("The engine stopped unexpectedly.")
        return await start()

    opened = Crew(sometimes, 1, 1)
    await opened.open()
    try:
        broken = True
        with pytest.raises(RuntimeError):
            async with opened.lease():
                raise RuntimeError
        with pytest.raises(EngineCrash):
            await pid_of_next(opened)
        broken = False
        assert await pid_of_next(opened)
    finally:
        await opened.close()


async def test_children_on_their_way_are_ended_when_another_cannot_be_started() -> None:
    ended = asyncio.Event()
    delays = iter((600, 0))

    async def start() -> Child:
        try:
            await asyncio.sleep(next(delays))
        except asyncio.CancelledError:
            ended.set()
            raise
        raise EngineCrash("The engine stopped unexpectedly.")

    opened = Crew(start, 2, 2)
    with pytest.raises(EngineCrash):
        await opened.open()
    await opened.close()
    assert ended.is_set()


async def test_opening_fails_when_children_cannot_be_started() -> None:
    sandbox = Sandbox.detect(EngineLimits())
    opened = Crew(lambda: Child.start(sandbox, ("false",)), 2, 2)
    with pytest.raises(EngineCrash):
        await opened.open()
    await opened.close()
