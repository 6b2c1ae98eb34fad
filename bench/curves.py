"""Curves: seconds and memory by length of the input, hits a second by number of finished variants in the catalogue."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

from bench.clock import Run, tree_pss_kib
from bench.figures import Figure, Missing, Outcome
from bench.hits import Side, load
from bench.inputs import song
from bench.machine import WRK
from bench.setting import Bench, address, artifact
from tests.service import Service

LENGTHS_SECONDS = {False: (1, 10, 60, 600), True: (1, 10, 60, 600, 3600, 36_000)}
VARIANTS = {False: (1, 100, 10_000), True: (1, 100, 10_000, 1_000_000)}
SAMPLE_SECONDS = 0.05
ROWS_AT_ONCE = 10_000
HOT = 100
ASKED_ONCE = 10_000  # more than the service answers from its database in one load: asked again, they would come from memory
SCRIPT = """
local n = 0
local paths = {{}}
for line in io.lines("{list}") do n = n + 1; paths[n] = line end
local i = 0
request = function() i = i % n + 1; return wrk.format("GET", paths[i]) end
"""


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """Both curves."""
    async for outcome in _lengths(bench):
        yield outcome
    if WRK is None:
        yield Missing("curve", "hits by variants", "wrk not installed")
        return
    for variants in VARIANTS[bench.full]:
        async for figure in _hits(bench, variants):
            yield figure


async def _lengths(bench: Bench) -> AsyncIterator[Outcome]:
    async with bench.service("curves") as service:
        idle_mib = sum(tree_pss_kib(service.pid).values()) / 1024
        for seconds in LENGTHS_SECONDS[bench.full]:
            file = song(min(seconds, 3600), "mp3")
            query = f"f=aac&br=128&sr=44.1&rp={max(1, seconds // 3600)}&a=/audio.aac"
            done = asyncio.create_task(artifact(service, address(file, query)))
            peak_mib = await _peak_mib(service, done)
            wall = (await done).wall_seconds
            notes = f"{seconds / wall:.0f} × real time; {peak_mib - idle_mib:.0f} MiB above idle at the peak"
            yield Figure("curve", f"{seconds} s of mp3 → aac", wall, "s", "lower", notes=notes)


async def _peak_mib(service: Service, done: "asyncio.Task[Run]") -> float:
    peak = 0.0
    while not done.done():
        peak = max(peak, sum(tree_pss_kib(service.pid).values()) / 1024)
        await asyncio.wait({done}, timeout=SAMPLE_SECONDS)
    return peak


async def _hits(bench: Bench, variants: int) -> AsyncIterator[Figure]:
    """One finished variant is copied in the catalogue under other versions; then a hundred of them are asked for, and all of them."""
    file = song(5, "mp3")
    query = "f=aac&br=16&sr=8"
    async with bench.service("catalogue") as service:
        await service.finished(address(file, f"{query}&version=0"))
        await asyncio.to_thread(_multiply, service.data / "soundpath.db", variants)
        side = Side(int(service.url.rpartition(":")[2]), service.pid)
        step = max(1, variants // HOT)
        sets = {"a hundred of them in turn": range(0, variants, step)}
        if variants > HOT:
            sets["each of them once, from the database"] = range(1, variants, max(1, variants // ASKED_ONCE))
        for name, numbers in sets.items():
            targets = [address(file, f"{query}&version={number}&a=/audio.aac") for number in numbers]
            script = await asyncio.to_thread(_script, service.data, targets)
            rates = [await load(bench, side, "/", str(script)) for _ in range(2 if len(targets) <= HOT else 1)]
            notes = f"{name}; {1e6 / rates[-1].per_cpu_second:.0f} µs of CPU each"
            yield Figure("curve", f"hits with {variants:,} finished variants", rates[-1].per_second, "/s", notes=notes)


def _script(folder: Path, targets: Sequence[str]) -> Path:
    """What wrk asks for, one after the other."""
    names = folder / "targets"
    names.write_text("\n".join(targets))
    script = folder / "targets.lua"
    script.write_text(SCRIPT.format(list=names))
    return script


def _multiply(database: Path, variants: int) -> None:
    """Copy the one finished row under other versions, with the identities that requests compute."""
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM jobs WHERE status = 'Succeeded'").fetchone())
        assert row["identity"] == _copy(row, 0)["identity"]
        names = list(row)
        statement = f"INSERT INTO jobs ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        for start in range(1, variants, ROWS_AT_ONCE):
            copies = (_copy(row, number) for number in range(start, min(variants, start + ROWS_AT_ONCE)))
            connection.executemany(statement, [tuple(copy[name] for name in names) for copy in copies])
            connection.commit()


def _copy(row: dict[str, object], number: int) -> dict[str, object]:
    identity = json.dumps([row["account"], row["path"], row["canonical"], str(number)])  # as transforms.canonical.identity
    return {**row, "id": f"{number:026d}", "version": str(number), "identity": hashlib.sha256(identity.encode()).hexdigest()}
