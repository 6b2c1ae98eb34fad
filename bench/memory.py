"""Row 11: what a job needs of memory, all its processes together, however long it is.

Sampled ten times a second: resident memory of each process, pages that several of them share counted by share (PSS).
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from bench.clock import cpu_seconds, tree, tree_pss_kib
from bench.figures import Figure, Missing, Outcome
from bench.inputs import FOLDER, endless_wav, song
from bench.setting import Bench, address
from tests.service import ENDED, Service

SAMPLE_SECONDS = 0.1
WORKED_SECONDS = 0.5
HOURS_SECONDS = 36_000
WATCHED_SECONDS = {False: 20, True: 600}
"""How long a job of ten hours is watched before it is cancelled; its memory is flat after the first seconds or it is not."""


@dataclass(frozen=True, slots=True)
class Job:
    """One long job; `needs_bytes` of disk when it runs to its end."""

    what: str
    query: Callable[[], str]
    needs_bytes: int


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """Each long job in a service of its own, with one encoder, so that it is the job's memory and not its neighbours'."""
    wav = "10-h 192-kHz 24-bit wav → aac"
    jobs = (
        Job(wav, lambda: address(endless_wav(HOURS_SECONDS), "f=aac&br=128&sr=48"), 600 * 2**20),
        Job("10-h output in RF64", lambda: address(song(600, "mp3"), f"f=wav-rf64&sr=44.1&rp={HOURS_SECONDS // 600}"), 13 * 2**30),
        Job("10-h output in mp3", lambda: address(song(600, "mp3"), f"f=mp3&br=128&sr=44.1&rp={HOURS_SECONDS // 600}"), 600 * 2**20),
    )
    for job in jobs:
        if shutil.disk_usage(FOLDER).free < 2 * job.needs_bytes:
            yield Missing("11", job.what, f"{2 * job.needs_bytes // 2**30} GiB of free disk are needed")
            continue
        async with bench.service("memory", SOUNDPATH_MAX_INPUT_BYTES=str(2**40)) as service:
            yield await _watch(bench, service, job)


async def _watch(bench: Bench, service: Service, job: Job) -> Figure:
    """Sample while it runs. The job's processes are those that have worked: encoders, and what they started."""
    await asyncio.sleep(1)
    worked = {pid: cpu_seconds(pid) for pid in tree(service.pid)}
    samples: list[dict[int, int]] = []
    target = job.query()
    state = (await service.get(target)).json()
    for tick in range(round(WATCHED_SECONDS[bench.full] / SAMPLE_SECONDS)):
        await asyncio.sleep(SAMPLE_SECONDS)
        samples.append(tree_pss_kib(service.pid))
        if tick % 20 == 19:
            state = (await service.get(target)).json()
            if state.get("status", "Failed") in ENDED:
                break
    if state.get("status") in (None, "Failed", "Cancelled"):
        raise RuntimeError(f"{job.what}: {state}")
    begun = {pid for sample in samples for pid in sample if pid not in worked}
    of_the_job = begun | {pid for pid in worked if pid != service.pid and cpu_seconds(pid) - worked[pid] > WORKED_SECONDS}
    sums = [sum(size for pid, size in sample.items() if pid in of_the_job) / 1024 for sample in samples]
    ran = "to its end" if state["status"] == "Succeeded" else f"watched for {WATCHED_SECONDS[bench.full]} s"
    whole = max(sum(sample.values()) for sample in samples) / 1024
    late = max(sums) - max(sums[: max(1, len(sums) // 4)])
    notes = f"{len(of_the_job)} processes, {ran}, {late:+.0f} MiB after the first quarter; with the service's idle children {whole:.0f} MiB"
    return Figure("11", f"{job.what}: memory of all its processes (PSS)", max(sums), "MiB", "lower", 150, 100, None, notes)
