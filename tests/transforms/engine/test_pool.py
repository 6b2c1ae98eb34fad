"""The engine's front door, with real audio: whole encodes, warm sessions, cancellation, time-outs, lies, and what stays afterwards."""

import asyncio
import os
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.transforms.engine import attacks
from tests.transforms.engine.family import alive, command_of, descendants, eventually
from transforms.engine.crew import Exit
from transforms.engine.messages import WHOLE, Assemble, Encode, Span
from transforms.engine.pool import Engine
from transforms.engine.sandbox import EngineLimits
from transforms.engine.turn import check_file
from transforms.errors import EngineCrash, EngineFault, EngineTimeout, RefusedInput, TooLarge
from transforms.limits import PlanLimits
from transforms.plan import Plan, plan
from transforms.spec import Clip, Format, Spec, Variant

ROUND_TRIP_SECONDS = 0.02  # measured: 0.4 ms on a quiet machine; the bound is for a busy one


@dataclass(frozen=True, slots=True)
class Studio:
    """An engine, a song of two seconds, and a scratch folder."""

    engine: Engine
    song: str
    scratch: str

    async def plan(self, format_: Format, plays: int = 1) -> Plan:
        source = await self.engine.measure(self.song)
        return plan(Spec(format_, (Clip("/song", plays),), (Variant(128, 48_000),)), [source], PlanLimits())

    def encode(self, decided: Plan, span: Span = WHOLE) -> Encode:
        return Encode(decided, (self.song,), ((span,),), self.scratch)


@asynccontextmanager
async def studio(folder: Path, limits: EngineLimits | None = None, workers: int = 1, reserved: int = 0) -> AsyncIterator[Studio]:
    (folder / "song.wav").write_bytes(attacks.wav(2))
    (folder / "scratch").mkdir()
    async with Engine(limits or EngineLimits(), workers=workers, reserved=reserved) as engine:
        yield Studio(engine, str(folder / "song.wav"), str(folder / "scratch"))


def encoders() -> set[int]:
    """The FFmpeg programs running below this test."""
    return {pid for pid in descendants(os.getpid()) if any("ffmpeg" in word for word in command_of(pid)[:1])}


@pytest.mark.parametrize("format_", [Format.MP3, Format.AAC])
async def test_a_whole_encode(format_: Format, tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        decided = await made.plan(format_, plays=50)
        seen: list[int] = []
        parts = await made.engine.encode(made.encode(decided), seen.append, timeout_seconds=120, background=True)
        artifact = await made.engine.assemble(Assemble(decided, (made.song,), parts, made.scratch), timeout_seconds=60)
        assert artifact.samples == 50 * 2 * 48_000
        assert seen == sorted(seen) != []
        assert seen[-1] <= artifact.samples
        produced = os.path.join(made.scratch, artifact.file)
        assert os.stat(produced).st_size == artifact.size_bytes
        assert os.stat(produced).st_mode & 0o777 == 0o600
        measured = await made.engine.measure(produced)
        assert measured.samples is not None
        assert abs(measured.samples - artifact.samples) <= 2 * 1_024


async def test_tracks_are_described(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        tracks = await made.engine.describe(made.song)
        assert [track.type for track in tracks] == ["Audio"]


async def test_ranges_of_one_plan_meet_their_warm_session(tmp_path: Path) -> None:
    async with studio(tmp_path, workers=2) as made:
        first, second = await made.plan(Format.AAC, 3), await made.plan(Format.AAC, 4)
        for start in (0, 20, 40):
            for decided in (first, second):
                await made.engine.encode(made.encode(decided, Span(start, start + 20)), timeout_seconds=60)
        sessions = [child.session for child in made.engine._encoders._idle]
        assert sessions == [(first, (made.song,)), (second, (made.song,))]


async def test_cancelling_kills_ffmpeg_before_it_returns(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        decided = await made.plan(Format.MP3, plays=15_000)
        task = asyncio.create_task(made.engine.encode(made.encode(decided), timeout_seconds=120))
        await eventually(lambda: bool(encoders()))
        running = encoders()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not [pid for pid in running if alive(pid)]
        await works(made)


async def test_time_outs_kill_and_the_engine_goes_on(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        decided = await made.plan(Format.MP3, plays=15_000)
        with pytest.raises(EngineTimeout) as late:
            await made.engine.encode(made.encode(decided), timeout_seconds=0.5)
        assert not encoders()
        assert made.scratch not in late.value.message
        await works(made)


async def test_a_child_that_is_killed_at_work_is_a_crash_and_replaced(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        decided = await made.plan(Format.MP3, plays=15_000)
        task = asyncio.create_task(made.engine.encode(made.encode(decided), timeout_seconds=120))
        await eventually(lambda: bool(encoders()))
        (child,) = made.engine._encoders._leased
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(EngineCrash):
            await task
        assert not encoders()
        await works(made)


async def works(made: Studio) -> None:
    decided = await made.plan(Format.MP3)
    (part,) = await made.engine.encode(made.encode(decided), timeout_seconds=60)
    assert part.samples == 96_000


async def test_probes_do_not_wait_for_encodes(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        decided = await made.plan(Format.MP3, plays=15_000)
        task = asyncio.create_task(made.engine.encode(made.encode(decided), timeout_seconds=120))
        await eventually(lambda: bool(encoders()))
        assert (await made.engine.measure(made.song)).samples == 96_000
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("format_", [Format.AAC, Format.MP3, Format.WAV_RIFF])
async def test_output_bytes_are_bounded(format_: Format, tmp_path: Path) -> None:
    async with studio(tmp_path, EngineLimits(output_bytes=2**18)) as made:
        decided = await made.plan(format_, plays=100)
        with pytest.raises(TooLarge):
            await made.engine.encode(made.encode(decided), timeout_seconds=60)
        await works(made)


async def test_memory_is_bounded_but_enough(tmp_path: Path) -> None:
    async with studio(tmp_path, EngineLimits(memory_bytes=400 * 2**20)) as made:
        await works(made)


async def test_a_missing_file_is_an_error_of_ours_without_its_name(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        with pytest.raises(EngineFault) as failed:
            await made.engine.measure(str(tmp_path / "gone.mp3"))
        assert "gone" not in failed.value.message
        assert "gone" in failed.value.detail


async def test_a_child_that_answers_something_else_does_not_live_on() -> None:
    engine = Engine(EngineLimits(), workers=1, reserved=0)
    engine._command = (sys.executable, "-P", "-s", "-m", "tests.transforms.engine.rogue")
    async with engine:
        for asked in (engine.describe, engine.read_cover):
            with pytest.raises(EngineCrash):
                await asked("nothing")
        assert engine.exits == {Exit.CRASHED: 2}


@pytest.mark.parametrize("lie", ["../song.wav", "link", "/etc/hostname", "missing", ".", "size", "nul\0"])
async def test_only_plain_files_of_the_scratch_folder_are_accepted(lie: str, tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(b"x")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "link").symlink_to(tmp_path / "song.wav")
    (scratch / "size").write_bytes(b"xy")
    (scratch / "good").write_bytes(b"x")
    check_file(str(scratch), "good", 1)
    with pytest.raises(EngineCrash):
        check_file(str(scratch), lie, 1)


async def test_the_way_to_a_warm_child_and_back_is_short(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        missing = replace(made, song=str(tmp_path / "scratch"))  # a folder: refused at once, so that only the way is measured
        times = []
        for _ in range(100):
            begin = time.perf_counter()
            with pytest.raises(RefusedInput):
                await missing.engine.measure(missing.song)
            times.append(time.perf_counter() - begin)
        assert statistics.median(times) < ROUND_TRIP_SECONDS
