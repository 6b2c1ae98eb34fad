"""Rows 9 and 10: finished bytes, through our process alone and through the edge, against nginx that serves the same bytes as files."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.clock import prefer, tree_cpu_seconds
from bench.figures import Figure, Missing, Outcome
from bench.inputs import FOLDER, song
from bench.machine import NGINX, WRK
from bench.setting import Bench, address
from tests.app.web.ports import free_port
from tests.deploy.edge import edge, serving
from tests.service import Service

CONNECTIONS = 64
SECONDS = {False: 2, True: 8}

MARKS = {"9": {"1 KB list": (0.35, 0.45), "64 KB segment": (0.4, 0.55), "4 MB artifact": (0.8, 1.0)}}
MARKS["10"] = {"1 KB list": (0.85, 0.95), "64 KB segment": (0.8, 0.9), "4 MB artifact": (0.75, 0.95)}

STATIC = """
  sendfile on; tcp_nopush off; keepalive_requests 1000000; open_file_cache max=100;
  server {{ listen 127.0.0.1:{port}; root {root}; location / {{ add_header Cache-Control "public, max-age=3600"; }} }}
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One server: its port and its process."""

    port: int
    pid: int


@dataclass(frozen=True, slots=True)
class Rate:
    """What one run of wrk found: answers a second, and answers per processor second of the server."""

    per_second: float
    per_cpu_second: float


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """Rows 9 and 10."""
    absent = [name for name, program in (("nginx", NGINX), ("wrk", WRK)) if program is None]
    if absent:
        yield Missing("9–10", "hits", f"{' and '.join(absent)} not installed")
        return
    folder = FOLDER / "edge"
    async with AsyncExitStack() as running:
        service = await running.enter_async_context(bench.service("hits"))
        targets = await _finished(service)
        files = await _files(service, targets, folder / "static")
        port = free_port()
        static = Side(
            port, await running.enter_async_context(serving(folder / "plain", STATIC.format(port=port, root=folder / "static"), port))
        )
        ours = Side(int(service.url.rpartition(":")[2]), service.pid)
        front = Side(*await running.enter_async_context(edge(folder / "front", ours.port)))
        for side in (static, front):
            prefer(side.pid, bench.niceness)
        for row, side in (("9", ours), ("10", front)):
            for name, target in targets.items():
                yield await _compare(bench, row, name, (side, target), (static, files[name]))


async def _finished(service: Service) -> dict[str, str]:
    """Three finished bodies of about the sizes that are asked for."""
    minute, long = song(60, "mp3"), song(270, "mp3")
    hls = "f=hls-aac&br=128&sr=44.1"
    await service.finished(address(minute, hls))
    aac = "f=aac&br=128&sr=44.1"
    await service.finished(address(long, aac))
    return {
        "1 KB list": address(minute, f"{hls}&a=/0f/manifest.m3u8"),
        "64 KB segment": address(minute, f"{hls}&a=/0f/seg7.aac"),
        "4 MB artifact": address(long, f"{aac}&a=/audio.aac"),
    }


async def _files(service: Service, targets: dict[str, str], root: Path) -> dict[str, str]:
    """The same bytes as files for nginx."""
    root.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240
    for number, target in enumerate(targets.values()):
        answer = await service.get(target)
        assert answer.status == 200, (target, answer.status, answer.body[:500])
        (root / f"{number}.bin").write_bytes(answer.body)
    return {name: f"/{number}.bin" for number, name in enumerate(targets)}


async def _compare(bench: Bench, row: str, name: str, ours: tuple[Side, str], theirs: tuple[Side, str]) -> Figure:
    pairs = []
    for _ in range(bench.pairs + 1):  # the first warms both
        pairs.append((await load(bench, *ours), await load(bench, *theirs)))
    pairs = pairs[1:]
    shares = [our.per_second / their.per_second for our, their in pairs]
    cpu = median(our.per_cpu_second / their.per_cpu_second for our, their in pairs)
    rates = f"{median(our.per_second for our, _ in pairs):,.0f}/s against {median(their.per_second for _, their in pairs):,.0f}/s"
    floor, goal = MARKS[row][name]
    who = "our process alone" if row == "9" else "deploy/nginx in front"
    notes = f"{rates}; per CPU second of the server {cpu:.2f} ×"
    return Figure(
        row, f"{name}, {who}, against nginx static", median(shares), "×", "higher", floor, goal, (min(shares), max(shares)), notes
    )


async def load(bench: Bench, side: Side, target: str, script: str = "") -> Rate:
    """wrk for some seconds. Raises RuntimeError when anything but 2xx comes."""
    before = tree_cpu_seconds(side.pid)
    command = [str(WRK), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS[bench.full]}s", f"http://127.0.0.1:{side.port}{target}"]
    command[1:1] = ["-s", script] if script else []
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    spent = tree_cpu_seconds(side.pid) - before
    found = re.search(r"(\d+) requests in ([\d.]+)(ms|s)", ran.stdout)
    if found is None or "Non-2xx" in ran.stdout:
        raise RuntimeError(f"{target}:\n{ran.stdout}")
    requests = int(found[1])
    rate = re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout)
    assert rate is not None
    return Rate(float(rate[1]), requests / spent if spent else float("nan"))
