"""What more machines bring, and what each request, job and idle node costs the parts they share: `python -m bench --only scaling`.

All machines are programs on this one: with two cores, two workers are all there is room for. Figures per job and per request, not the
seconds, are what docs/scaling.md counts with.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median

from bench.clock import prefer
from bench.cluster import Machines, Room, machines, room
from bench.figures import Figure, Missing, Outcome
from bench.hits import Rate, Side, load
from bench.inputs import song
from bench.machine import WRK
from bench.setting import Bench, address
from tests.service import Service

ROW = "E8"
JOB_SECONDS = 60
JOBS = {False: 40, True: 200}
ENCODE_SECONDS = {False: 600, True: 3600}
IDLE_SECONDS = 10
POLL_SECONDS = 0.2

TRANSACTIONS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
WAL_BYTES = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'soundpath%'"


@dataclass(frozen=True, slots=True)
class Work:
    """A batch of jobs: how long it took, and what it cost."""

    seconds: float
    web_cpu_seconds: float
    worker_cpu_seconds: float
    transactions: float
    wal_bytes: float


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """Workers, one encode on two machines, idle nodes, web processes."""
    async with room(bench, "scaling", song(JOB_SECONDS, "mp3"), song(ENCODE_SECONDS[bench.full], "mp3")) as place:
        async for outcome in _workers(place):
            yield outcome
        async for outcome in _one_encode(place):
            yield outcome
        yield await _idle(place)
    async for outcome in _webs(bench):
        yield outcome


async def _workers(place: Room) -> AsyncIterator[Outcome]:
    done: dict[int, Work] = {}
    jobs = JOBS[place.bench.full]
    for count in (1, 2):
        async with machines(place, 1, count) as running:
            await _batch(running, f"warm{count}", 4)
            done[count] = await _batch(running, f"jobs{count}", jobs)
        work = done[count]
        notes = (
            f"{jobs} jobs of {JOB_SECONDS} s mp3 → aac; a job costs {work.worker_cpu_seconds / jobs * 1000:.0f} ms of a worker, "
            f"{work.web_cpu_seconds / jobs * 1000:.1f} ms of a web node (its polls included), "
            f"{work.transactions / jobs:.0f} transactions, {work.wal_bytes / jobs / 1024:.1f} KiB of WAL"
        )
        yield Figure(
            ROW, f"jobs an hour, {count} worker process{'es' * (count > 1)} of one slot", jobs / work.seconds * 3600, "/h", notes=notes
        )
    yield Figure(ROW, "jobs an hour with 2 worker processes, against 1", done[1].seconds / done[2].seconds, "×")


async def _batch(running: Machines, name: str, count: int) -> Work:
    """Ask for all at once, and follow the rows until they are made."""
    place, web = running.room, running.webs[0]
    made = f"SELECT count(*) FROM jobs WHERE status = 'Succeeded' AND version LIKE '{name}-%'"
    before = (*running.cpu_seconds(), place.number(TRANSACTIONS), place.number(WAL_BYTES))
    begun = time.perf_counter()
    targets = [address(song(JOB_SECONDS, "mp3"), f"f=aac&br=128&sr=44.1&version={name}-{number}") for number in range(count)]
    await asyncio.gather(*(web.get(target) for target in targets))
    looks = 0
    while await asyncio.to_thread(place.number, made) < count:
        looks += 1
        await asyncio.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - begun
    after = (*running.cpu_seconds(), place.number(TRANSACTIONS) - looks, place.number(WAL_BYTES))
    return Work(seconds, *(late - early for early, late in zip(before, after, strict=True)))


async def _one_encode(place: Room) -> AsyncIterator[Outcome]:
    taken: dict[int, float] = {}
    length = ENCODE_SECONDS[place.bench.full]
    for count in (1, 2):
        runs = []
        async with machines(place, 1, count) as running:
            await _batch(running, f"before{count}", 4)
            for number in range(place.bench.pairs):
                begun = time.perf_counter()
                target = address(song(length, "mp3"), f"f=aac&br=128&sr=44.1&version=long{count}-{number}")
                await running.webs[0].finished(target, 3600)
                runs.append(time.perf_counter() - begun)
        taken[count] = median(runs)
        yield Figure(
            ROW, f"{length} s of mp3 → aac, ranges on {count} worker host{'s' * (count > 1)} of one slot", taken[count], "s", "lower"
        )
    yield Figure(ROW, "one encode spread over 2 worker hosts, against 1", taken[1] / taken[2], "×")


async def _idle(place: Room) -> Figure:
    """What nodes that have nothing to do ask of the database."""
    async with machines(place, 1, 1):
        before = place.number(TRANSACTIONS)
        await asyncio.sleep(IDLE_SECONDS)
        a_second = (place.number(TRANSACTIONS) - before) / IDLE_SECONDS
        sessions = place.number(SESSIONS)
    notes = f"they hold {sessions:.0f} connections, of 18 at most"
    return Figure(ROW, "transactions a second of an idle web node and an idle worker together", a_second, "/s", "lower", notes=notes)


async def _webs(bench: Bench) -> AsyncIterator[Outcome]:
    if WRK is None:
        yield Missing(ROW, "hits by web processes", "wrk not installed")
        return
    minute = song(60, "mp3")
    hls = "f=hls-aac&br=128&sr=44.1"
    found: dict[tuple[str, int], Rate] = {}
    targets = {"1 KB list": address(minute, f"{hls}&a=/0f/manifest.m3u8"), "64 KB segment": address(minute, f"{hls}&a=/0f/seg7.aac")}
    for count in (1, 2):
        async with AsyncExitStack() as running:
            data = await running.enter_async_context(bench.service("scaling", SOUNDPATH_WORKERS="1"))
            await data.finished(address(minute, hls))
            await data.stop()
            many = Service(data.data, data.library, {"SOUNDPATH_WORKERS": "1"}, ("--processes", str(count)))
            await running.enter_async_context(many)
            prefer(many.pid, bench.niceness)
            for name, target in targets.items():
                for _ in range(4 * count):
                    await many.get(target)
                found[name, count] = await load(bench, Side(int(many.url.rpartition(":")[2]), many.pid), target)
                rate = found[name, count]
                notes = f"{1e6 / rate.per_cpu_second:.0f} µs of processor time each; wrk takes its share of the same two cores"
                yield Figure(ROW, f"{name}: hits a second, {count} web process{'es' * (count > 1)}", rate.per_second, "/s", notes=notes)
    for name in targets:
        yield Figure(ROW, f"{name}: hits with 2 web processes, against 1", found[name, 2].per_second / found[name, 1].per_second, "×")
