"""Long encodes let others through: ranges queue in order of arrival, and real-time work has a child of its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, plan_of
from transforms.engine.messages import Encode, Span
from transforms.engine.pool import Engine
from transforms.engine.run import RunOptions, run_plan
from transforms.engine.sandbox import EngineLimits
from transforms.spec import Format

LONG_PLAYS = 300  # of 20 s: more than an hour and a half of audio


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine(EngineLimits(), workers=2, probes=1, reserved=1) as running:
        yield running


@pytest.fixture
async def long_encode(engine: Engine, tmp_path: Path) -> AsyncIterator["asyncio.Task[object]"]:
    """An encode that holds every background child, under way."""
    source = await asyncio.to_thread(tones.write, tmp_path / "a.flac", tones.music(20, 44_100), 44_100)
    begun = asyncio.Event()
    scratch = tmp_path / "long"
    scratch.mkdir()
    made = plan_of(Wish(Format.AAC, 128, 44_100, plays=(LONG_PLAYS,)), [source])
    options = RunOptions(2, 600, background=True, progress=lambda _: begun.set())
    task: asyncio.Task[object] = asyncio.create_task(run_plan(engine, made, [source], scratch, options))
    await begun.wait()
    yield task
    task.cancel()
    await asyncio.wait({task})


async def test_a_short_job_does_not_wait_for_a_long_one(engine: Engine, long_encode: "asyncio.Task[object]", tmp_path: Path) -> None:
    scratch = tmp_path / "short"
    scratch.mkdir()
    source = tmp_path / "a.flac"
    made = plan_of(Wish(Format.AAC, 128, 48_000), [source])
    artifact = await run_plan(engine, made, [source], scratch, RunOptions(2, 60, background=True))
    assert artifact.samples == 20 * 48_000
    assert not long_encode.done()


async def test_real_time_work_begins_at_once(engine: Engine, long_encode: "asyncio.Task[object]", tmp_path: Path) -> None:
    source = tmp_path / "a.flac"
    made = plan_of(Wish(Format.HLS_AAC, 128, 44_100), [source])
    for start in (0, 172, 400):
        parts = await engine.encode(Encode(made, (str(source),), ((Span(start, start + 172),),), str(tmp_path)), timeout_seconds=60)
        assert parts[0].frames == 172
    assert not long_encode.done()
