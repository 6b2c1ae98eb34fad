"""Calls that are over when their caller is told to go."""

import asyncio
import threading

import pytest

from storage.blocking import off_loop, to_its_end


@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancelled_call_is_over_first_and_its_failure_is_nobodys(fails: bool) -> None:
    begun, release, over = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    forgotten: list[str] = []
    loop.set_exception_handler(lambda _loop, context: forgotten.append(context["message"]))

    def call() -> None:
        loop.call_soon_threadsafe(begun.set)
        release.wait(30)
        over.set()
        if fails:
            raise OSError

    task = asyncio.create_task(to_its_end(off_loop(call)))
    await begun.wait()
    task.cancel()
    loop.call_later(0.1, release.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert over.is_set()
    del task
    await asyncio.sleep(0)
    assert forgotten == []
