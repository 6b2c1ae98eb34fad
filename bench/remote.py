"""Row 8: the first segment of a film on a web server, 300 MB with its index at the end; beside it, the same film on the local disk."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median

from bench.figures import Figure, Outcome
from bench.first_play import end_newest, first_sound
from bench.inputs import FOLDER, song
from bench.machine import PACKAGED_FFMPEG
from bench.setting import Bench, address
from tests.app.files.api import ok
from tests.paced_origin import PacedOrigin, paced_origin
from tests.service import ACCOUNT, Service

ROW = "8"
FILM_SECONDS = 600
FAR_SECONDS = 500
BYTES_PER_SECOND = 20e6
ROUND_TRIPS_MS = (0, 20, 100)
FLOOR_MS, GOAL_MS = 300, 150
RUNS = {False: 5, True: 15}


def film() -> Path:
    """Ten minutes, 300 MB, the index (moov) at the end as encoders leave it: the song's sound between pictures of 4 Mbit/s."""
    file = FOLDER / "film-300mb.mp4"
    if not file.exists():
        ffmpeg = (PACKAGED_FFMPEG, "-v", "error", "-y")
        minute = FOLDER / "film-300mb-minute.mp4"
        source = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=60,noise=alls=20:allf=t")
        rate = ("-b:v", "4050k", "-minrate", "4050k", "-maxrate", "4050k", "-bufsize", "2M", "-x264-params", "nal-hrd=cbr")
        subprocess.run([*ffmpeg, *source, "-c:v", "libx264", "-preset", "ultrafast", *rate, str(minute)], check=True)
        inputs = ("-stream_loop", "-1", "-i", str(minute), "-i", str(song(FILM_SECONDS, "m4a")))
        kept = ("-map", "0:v", "-map", "1:a", "-c", "copy", "-t", str(FILM_SECONDS))
        subprocess.run([*ffmpeg, *inputs, *kept, str(file)], check=True)
    return file


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """From the request to the first segment received; each run is of a file that the service has not seen."""
    file = await asyncio.to_thread(film)
    folder = FOLDER / "remote"
    folder.mkdir(exist_ok=True)
    async with (
        paced_origin(folder, bytes_per_second=BYTES_PER_SECOND) as origin,
        bench.service("remote", SOUNDPATH_FETCH_ALLOWED_HOSTS=origin.host) as service,
    ):
        layer = {"type": "Web", "baseUrl": f"http://{origin.host}"}
        await ok(service, "PUT", "/folders", {"folderPath": "/far", "folderSettings": {"storageLayer": {"set": True, "value": layer}}})
        near = [await _run(service, _link(file, FOLDER / f"near-{number}.mp4"), "", 0) for number in range(RUNS[bench.full] + 1)][1:]
        yield Figure(ROW, "the same film on the local disk", median(near), "ms", "lower", spread=(min(near), max(near)))
        for round_trip_ms in ROUND_TRIPS_MS:
            origin.round_trip_seconds = round_trip_ms / 1000
            for from_seconds in (0, FAR_SECONDS):
                yield await _far(service, origin, file, from_seconds, RUNS[bench.full])


async def _far(service: Service, origin: PacedOrigin, file: Path, from_seconds: int, runs: int) -> Figure:
    round_trip_ms = round(origin.round_trip_seconds * 1000)
    times, shares = [], []
    for number in range(runs):
        name = f"{round_trip_ms}-{from_seconds}-{number}.mp4"
        times.append(await _run(service, _link(file, origin.folder / name), "far/", from_seconds))
        shares.append(origin.sent_bytes(f"/{name}"))
    what = f"remote 300-MB mp4, moov at the end, round trip {round_trip_ms} ms: first segment"
    notes = f"2 round trips are {2 * round_trip_ms} ms of it; {median(shares) / 1e6:.0f} MB of the file sent when the run ended"
    spread = (min(times), max(times))
    if from_seconds:
        return Figure(ROW, f"{what} and the one at second {from_seconds}", median(times), "ms", "lower", spread=spread, notes=notes)
    floor, goal = (2 * round_trip_ms + mark for mark in (FLOOR_MS, GOAL_MS))
    return Figure(ROW, what, median(times), "ms", "lower", floor, goal, spread, notes)


async def _run(service: Service, file: Path, folder: str, from_seconds: int) -> float:
    target = address(file, "f=hls-aac-rt").replace(f"/{ACCOUNT}/audio/", f"/{ACCOUNT}/audio/{folder}")
    try:
        taken_ms = await first_sound(service, target, from_seconds)
        await end_newest(service)
        return taken_ms
    finally:
        await asyncio.to_thread(file.unlink)


def _link(file: Path, name: Path) -> Path:
    name.unlink(missing_ok=True)
    os.link(file, name)
    return name
