"""From the request to the first sound of f=hls-aac-rt: master, media list and first segment received, cold and warm.

Side by side with `ffmpeg -f hls`, timed until its playlist names a first 4-second segment. Run alone with `python -m bench.first_play`.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urljoin

from bench import machine
from bench.clock import prefer, tree_cpu_seconds
from bench.figures import Figure, Outcome
from bench.inputs import FOLDER, song
from bench.report import line
from bench.setting import LIBRARY, Bench, address
from tests.service import ACCOUNT, ENDED, Service

ROW = "B"
COLD_RUNS = 20
SHORT_RUNS = 5
SHORT_SECONDS = 180
LONG_SECONDS = 3600
FAR_SECONDS = 55 * 60
SEGMENT_SECONDS = 4.01
IDLE_SECONDS = 0.5
IDLE_SHARE = 0.1
GOAL_P50_MS, GOAL_P95_MS, GOAL_WARM_MS = 150, 300, 5


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of several runs."""

    ms: list[float]

    @property
    def p50(self) -> float:
        return quantiles(self.ms, n=100, method="inclusive")[49]

    @property
    def p95(self) -> float:
        return quantiles(self.ms, n=100, method="inclusive")[94]


@dataclass(frozen=True, slots=True)
class Case:
    """One input, and the second of it that is played first."""

    file: Path
    from_seconds: int = 0

    @property
    def name(self) -> str:
        where = f", minute {self.from_seconds // 60}" if self.from_seconds else ""
        return f"{self.file.name}{where}"


def video(seconds: int) -> Path:
    """An MP4 film: the song's sound, and one minute of pictures again and again."""
    file = FOLDER / f"film-{seconds}.mp4"
    if not file.exists():
        ffmpeg = (machine.PACKAGED_FFMPEG, "-v", "error", "-y")
        minute = FOLDER / "film-minute.mp4"
        source = ("-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:duration=60")
        subprocess.run([*ffmpeg, *source, "-c:v", "libx264", "-preset", "ultrafast", str(minute)], check=True)
        inputs = ("-stream_loop", "-1", "-i", str(minute), "-i", str(song(seconds, "m4a")))
        subprocess.run([*ffmpeg, *inputs, "-map", "0:v", "-map", "1:a", "-c", "copy", "-t", str(seconds), str(file)], check=True)
    return file


def cases() -> list[Case]:
    long = [song(LONG_SECONDS, "m4a"), video(LONG_SECONDS)]
    short = [song(SHORT_SECONDS, container) for container in ("flac", "mp3", "m4a")]
    return [*(Case(file) for file in (*short, *long)), *(Case(file, FAR_SECONDS) for file in long)]


async def cold(service: Service, case: Case, bench: Bench) -> Times:
    """Each run is of a file that the service has not seen, and is cancelled before the next one, so that runs do not disturb each other."""
    times = []
    for run in range(_runs(bench) + 1):
        prefer(service.pid, bench.niceness)  # children that are new
        unseen = LIBRARY / f"cold-{case.from_seconds}-{run}-{case.file.name}"
        unseen.unlink(missing_ok=True)
        os.link(case.file, unseen)
        try:
            times.append(await first_sound(service, address(unseen, "f=hls-aac-rt"), case.from_seconds))
            await end_newest(service)
        finally:
            unseen.unlink()
    return Times(times[1:])  # the first one also warms the service itself


async def warm(service: Service, case: Case, runs: int) -> Times:
    """The same when everything is encoded."""
    target = address(case.file, "f=hls-aac-rt")
    await first_sound(service, target, 0)
    await _until_ended(service)
    times = [await first_sound(service, target, 0) for _ in range(runs + 1)]
    return Times(times[1:])


async def first_sound(service: Service, target: str, from_seconds: int) -> float:
    """Milliseconds until master, media list and the segment at `from_seconds` are received."""
    begun = time.perf_counter()
    master = await _get(service, target)
    media_target = _resolve(service, target, _links(master)[0])
    links = _links(await _get(service, media_target))
    index = round(from_seconds / SEGMENT_SECONDS) + 2 if from_seconds else 0
    await _get(service, _resolve(service, media_target, links[index]))
    return (time.perf_counter() - begun) * 1000


def plain_ffmpeg(case: Case, binary: str, runs: int) -> Times:
    """`ffmpeg -f hls`, until the list names its first segment."""
    times = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            out = Path(folder, "list.m3u8")
            hls = ("-c:a", "aac", "-b:a", "96k", "-vn", "-f", "hls", "-hls_time", "4", "-hls_list_size", "0", str(out))
            begun = time.perf_counter()
            running = subprocess.Popen([binary, "-v", "error", "-ss", str(case.from_seconds), "-i", str(case.file), *hls])
            while not out.exists():
                time.sleep(0.0005)
            times.append((time.perf_counter() - begun) * 1000)
            running.kill()
            running.wait()
    return Times(times)


def _links(playlist: bytes) -> list[str]:
    return [line for line in playlist.decode().splitlines() if line and not line.startswith("#")]


def _resolve(service: Service, base: str, link: str) -> str:
    return urljoin(service.url + base, link).removeprefix(service.url)


async def _get(service: Service, target: str) -> bytes:
    answer = await service.get(target)
    if answer.status != 200:
        raise RuntimeError(f"{target}: {answer.status} {answer.body!r}")
    return answer.body


async def _newest(service: Service) -> dict[str, str]:
    listed = await service.get(f"/v2/accounts/{ACCOUNT}/jobs?jobType=ProcessFileJob")
    newest: dict[str, str] = listed.json()["items"][0]
    return newest


async def end_newest(service: Service) -> None:
    """Cancel the job that was begun last, and wait until nothing works any more."""
    job = await _newest(service)
    await service.get(job["jobUrl"].removeprefix(service.url), "DELETE")
    await _until_ended(service)


async def _until_ended(service: Service) -> None:
    while True:
        if (await _newest(service))["status"] in ENDED:
            break
        await asyncio.sleep(0.05)
    # A cancelled encode costs its engine children: the next run is measured when fresh ones are warm.
    used = -1.0
    while tree_cpu_seconds(service.pid) - used > IDLE_SHARE * IDLE_SECONDS:
        used = tree_cpu_seconds(service.pid)
        await asyncio.sleep(IDLE_SECONDS)


def _figures(what: str, times: Times, goals_ms: tuple[float, float] | None = None) -> Iterator[Figure]:
    p50, p95 = goals_ms or (None, None)
    spread = (min(times.ms), max(times.ms))
    yield Figure(ROW, f"{what}, p50", times.p50, "ms", "lower", floor=p50, goal=p50, spread=spread, notes=f"{len(times.ms)} runs")
    yield Figure(ROW, f"{what}, p95", times.p95, "ms", "lower", floor=p95, goal=p95, spread=spread, notes=f"{len(times.ms)} runs")


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """Cold and warm, and what the command line takes for its first segment."""
    runs, inputs = _runs(bench), cases()
    async with bench.service("first_play") as service:
        for case in inputs:
            for figure in _figures(f"cold, {case.name}", await cold(service, case, bench), (GOAL_P50_MS, GOAL_P95_MS)):
                yield figure
        for figure in _figures(f"warm, {inputs[0].name}", await warm(service, inputs[0], runs), (GOAL_WARM_MS, GOAL_WARM_MS)):
            yield figure
    for label, binary in (("the system's", machine.DEBIAN_FFMPEG), ("the packaged", machine.PACKAGED_FFMPEG)):
        for case in inputs if binary else ():
            for figure in _figures(f"{label} ffmpeg -f hls, {case.name}", plain_ffmpeg(case, str(binary), runs)):
                yield figure


def _runs(bench: Bench) -> int:
    return COLD_RUNS if bench.full else SHORT_RUNS


async def _print(bench: Bench) -> None:
    async for outcome in measure(bench):
        print(line(outcome), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{COLD_RUNS} cold runs of each input instead of {SHORT_RUNS}")
    parser.add_argument("--niceness", type=int, default=0, help="below 0 (root): prefer what is measured to what else runs here")
    arguments = parser.parse_args()
    prefer(os.getpid(), arguments.niceness)
    print(f"Command: python -m bench.first_play {' '.join(sys.argv[1:])}".rstrip())
    for name, value in machine.describe():
        print(f"{name}: {value}")
    print(f"Load when it began: {machine.load()}")
    asyncio.run(_print(Bench(arguments.full, arguments.niceness)))


if __name__ == "__main__":
    main()
