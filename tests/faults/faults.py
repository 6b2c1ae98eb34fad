"""What is done to the house. Each blow returns when nothing is in the way of recovery any more, and tells since when that is so."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.house import FAR, NEAR, House
from tests.faults.load import Load

OUTAGE_SECONDS = 3.0
FULL_SECONDS = 5.0
TAKEN_OVER_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """`needs`: a part of the house that may not be had."""

    name: str
    strike: Callable[[House, Load], Awaitable[float]]
    needs: str | None = None
    reason: str = ""


async def kill_a_worker(house: House, load: Load) -> float:
    job_id, holder = await house.victim()
    await load.crowd()
    begun = time.monotonic()
    await holder.end(signal.SIGKILL)
    await house.until(f"id = '{job_id}' AND attempt > 1", TAKEN_OVER_SECONDS)
    return begun


async def kill_a_web_node(house: House, _load: Load) -> float:
    await house.victim()
    begun = time.monotonic()
    await house.webs[FAR].kill()
    await house.webs[FAR].start()
    return begun


async def restart_the_database(house: House, load: Load) -> float:
    return await _database_away(house, load, "fast")


async def crash_the_database(house: House, load: Load) -> float:
    return await _database_away(house, load, "immediate")


async def _database_away(house: House, load: Load, mode: str) -> float:
    await house.victim()
    load.strict = True
    await asyncio.to_thread(house.database.stop, mode)
    try:
        await asyncio.sleep(OUTAGE_SECONDS)
    finally:
        load.strict = False
        await asyncio.to_thread(house.database.start)
    return time.monotonic()


async def stop_the_object_store(house: House, load: Load) -> float:
    await house.victim()
    load.strict = True
    await asyncio.to_thread(house.objects.stop)
    try:
        await asyncio.sleep(OUTAGE_SECONDS)
    finally:
        load.strict = False
        await asyncio.to_thread(house.objects.start)
    return time.monotonic()


async def fill_the_disk(house: House, load: Load) -> float:
    assert house.disk is not None
    await house.victim(house.workers[NEAR])
    await load.crowd()
    await asyncio.to_thread(house.disk.fill)
    await asyncio.sleep(FULL_SECONDS)
    await asyncio.to_thread(house.disk.empty)
    return time.monotonic()


async def put_a_worker_to_sleep(house: House, load: Load) -> float:
    job_id, sleeper = await house.victim()
    await load.crowd()
    begun = time.monotonic()
    sleeper.process.send_signal(signal.SIGSTOP)
    try:
        await house.until(f"id = '{job_id}' AND attempt > 1", TAKEN_OVER_SECONDS)
    finally:
        sleeper.process.send_signal(signal.SIGCONT)
    return begun


async def cut_the_network(house: House, load: Load) -> float:
    assert house.network is not None
    job_id, _ = await house.victim(house.workers[FAR])
    await load.crowd()
    house.network.cut()
    try:
        await house.until(f"id = '{job_id}' AND attempt > 1", TAKEN_OVER_SECONDS)
        await asyncio.sleep(OUTAGE_SECONDS)
    finally:
        house.network.mend()
    return time.monotonic()


FAULTS = (
    Fault("kill -9 a worker", kill_a_worker),
    Fault("kill -9 a web node", kill_a_web_node),
    Fault("restart PostgreSQL", restart_the_database),
    Fault("restart PostgreSQL -m immediate", crash_the_database),
    Fault("stop the object store", stop_the_object_store),
    Fault("fill the disk", fill_the_disk, "disk", "mounting a small disk needs root"),
    Fault("pause a worker beyond its lease", put_a_worker_to_sleep),
    Fault("cut the network", cut_the_network, "network", "a network behind a router needs root and network namespaces"),
)
