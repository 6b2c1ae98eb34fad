"""Wants and publications between those who serve and those who encode."""

import asyncio

from app.jobs.relay import RelayedWakeups
from app.jobs.wakeups import Bell, Wakeups
from app.live.relay import RelayedSignals
from app.live.signals import LiveSignals


async def rings(bell: Bell) -> bool:
    begun = asyncio.get_running_loop().time()
    await bell.ring(2)
    return asyncio.get_running_loop().time() - begun < 1


async def test_wants_are_known_while_somebody_waits() -> None:
    signals = LiveSignals(Wakeups())
    with signals.wanting("a", 7), signals.wanting("a", 3):
        with signals.wanting("a", 7):
            assert signals.wants("a") == (7, 3)
        assert signals.wants("a") == (7, 3)
        assert signals.wants("b") == ()
    assert signals.wants("a") == ()


async def test_a_want_wakes_the_encoder_and_a_publication_those_who_wait_for_it() -> None:
    signals = LiveSignals(Wakeups())
    with signals.encoding("a") as encoder:
        assert signals.heard("a")
        with signals.wanting("a", 5) as five, signals.wanting("a", 6) as six:
            assert await rings(encoder)
            signals.published("a", 5)
            assert await rings(five)
            quiet = asyncio.ensure_future(six.ring(0.05))
            begun = asyncio.get_running_loop().time()
            await quiet
            assert asyncio.get_running_loop().time() - begun >= 0.04
    assert not signals.heard("a")


async def test_the_end_of_a_job_wakes_everybody() -> None:
    wakeups = Wakeups()
    signals = LiveSignals(wakeups)
    with signals.wanting("a", 5) as bell:
        wakeups.job_changed("a")
        assert await rings(bell)


async def test_what_others_wanted_is_forgotten_with_an_encode_that_is_cancelled() -> None:
    signals = RelayedSignals(RelayedWakeups())

    async def encode() -> None:
        with signals.encoding("a"):
            await asyncio.Event().wait()

    encoding = asyncio.create_task(encode())
    await asyncio.sleep(0)
    signals.hear("want a 5")
    assert signals.wants("a") == (5,)
    encoding.cancel()
    await asyncio.wait({encoding})
    assert signals.wants("a") == ()
