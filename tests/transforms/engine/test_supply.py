"""Files that arrive while children read them: what comes out is what complete ones give, and who brings the bytes may fail or be slow."""

import asyncio
import os
from pathlib import Path

import pytest

from tests import tones
from transforms.engine import supply
from transforms.engine.messages import WHOLE, Assemble, Encode, Measure, Span
from transforms.engine.pool import Engine
from transforms.engine.protocol import Supplied, Wanted
from transforms.engine.sandbox import EngineLimits
from transforms.engine.supply import NOTHING, Supply, everything_is_here
from transforms.errors import EngineCrash
from transforms.limits import PlanLimits
from transforms.plan import plan
from transforms.spec import Clip, Format, Spec, Variant

BLOCK_BYTES = 10_000
RATE_HZ = 44_100


class Other:
    """The side that has the bytes: puts blocks of a complete file into one with holes. `slow`: the first answer takes so many seconds."""

    def __init__(self, complete: Path, slow: float = 0) -> None:
        self.content = complete.read_bytes()
        self.path = complete.with_name(complete.name + ".arriving")
        with self.path.open("wb") as file:
            file.truncate(len(self.content))
        self._slow = slow
        self.brought: set[int] = set()
        """Where the blocks begin that were asked for."""

    async def bring(self, path: str, start: int, end: int) -> tuple[int, int]:
        assert path == str(self.path)
        slow, self._slow = self._slow, 0
        await asyncio.sleep(slow)
        first = start // BLOCK_BYTES * BLOCK_BYTES
        last = min(len(self.content), -(-end // BLOCK_BYTES) * BLOCK_BYTES)
        self.brought.update(range(first, last, BLOCK_BYTES))
        with self.path.open("r+b") as file:
            file.seek(first)
            file.write(self.content[first:last])
        return first, last


@pytest.mark.parametrize(("name", "codec"), [("x.m4a", "aac"), ("x.flac", "flac"), ("x.mp3", "libmp3lame"), ("x.ogg", "libvorbis")])
async def test_an_arriving_file_is_what_the_complete_one_is(name: str, codec: str, tmp_path: Path) -> None:
    file = tones.write(tmp_path / name, tones.music(40, RATE_HZ), RATE_HZ, "-c:a", codec)
    other = Other(file)
    async with Engine(EngineLimits(), workers=1, reserved=0) as engine:
        engine.bring = other.bring
        source = await engine.measure(str(file))
        assert await engine.measure(str(other.path)) == source
        assert await engine.describe(str(other.path)) == await engine.describe(str(file))
        decided = plan(Spec(Format.WAV_RIFF, (Clip("/x", 1),), (Variant(None, RATE_HZ),)), [source], PlanLimits())
        made: list[bytes] = []
        for path in (str(file), str(other.path)):
            scratch = tmp_path / f"scratch-{len(made)}"
            scratch.mkdir()
            parts = await engine.encode(Encode(decided, (path,), ((WHOLE,),), str(scratch)), timeout_seconds=60)
            artifact = await engine.assemble(Assemble(decided, (path,), parts, str(scratch)), timeout_seconds=60)
            made.append((scratch / artifact.file).read_bytes())
    assert made[0] == made[1]


async def test_a_far_segment_of_an_mp3_needs_no_bytes_before_it(tmp_path: Path) -> None:
    """Of one bit rate, that is: there is no telling where frames of others lie."""
    other = Other(tones.write(tmp_path / "x.mp3", tones.music(240, RATE_HZ), RATE_HZ, "-b:a", "128k"))
    async with Engine(EngineLimits(), workers=1, reserved=0) as engine:
        engine.bring = other.bring
        source = await engine.measure(str(other.path))
        decided = plan(Spec(Format.HLS_AAC, (Clip("/x", 1),), (Variant(96, RATE_HZ),), None, None), [source], PlanLimits())
        frames = decided.renditions[0].frames
        span = Span(frames - 400, frames - 230)
        await engine.encode(Encode(decided, (str(other.path),), ((span,),), str(tmp_path)), timeout_seconds=60)
    assert 0 in other.brought
    assert len(other.brought) * BLOCK_BYTES < len(other.content) / 8


async def test_what_keeps_bytes_away_is_raised_and_the_child_lives_on(tmp_path: Path) -> None:
    other = Other(tones.write(tmp_path / "x.flac", tones.music(5, RATE_HZ), RATE_HZ))

    async def fail(_path: str, start: int, end: int) -> tuple[int, int]:
        if start > 0:
            raise LookupError("gone")
        return await other.bring(str(other.path), start, end)

    async with Engine(EngineLimits(), workers=1, reserved=0) as engine:
        for bring, error in ((fail, LookupError), (other.bring, None)):
            engine.bring = bring
            if error is None:
                assert (await engine.measure(str(other.path))).samples == 5 * RATE_HZ
                continue
            with pytest.raises(error):
                await engine.measure(str(other.path))
        assert not engine.exits


async def test_a_child_that_waits_for_long_is_given_to_others_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supply, "PATIENCE_SECONDS", 0.2)
    other = Other(tones.write(tmp_path / "x.flac", tones.music(5, RATE_HZ), RATE_HZ), slow=30)
    near = tones.write(tmp_path / "near.flac", tones.music(5, RATE_HZ), RATE_HZ)
    async with Engine(EngineLimits(), workers=1, probes=1, reserved=0) as engine:
        engine.bring = other.bring
        far = asyncio.create_task(engine.measure(str(other.path)))
        while other._slow:  # noqa: ASYNC110 (until the only child is on it)
            await asyncio.sleep(0.01)
        async with asyncio.timeout(25):
            assert (await engine.measure(str(near))).samples == (await far).samples == 5 * RATE_HZ


async def test_a_child_is_answered_for_its_own_files_only(tmp_path: Path) -> None:
    answers = Supply(everything_is_here, Measure("/a"))
    assert await answers.answer(Wanted("/etc/passwd", 0, 1)) == NOTHING
    assert isinstance(answers.failure, EngineCrash)
    for start, end in ((-10, 5), (5, 5), (9, 3)):
        answers = Supply(everything_is_here, Measure("/a"))
        assert await answers.answer(Wanted("/a", start, end)) == NOTHING
        assert isinstance(answers.failure, EngineCrash), "a stretch that cannot be"
    file = tmp_path / "here"
    file.write_bytes(b"12345")
    assert await Supply(everything_is_here, Measure(str(file))).answer(Wanted(str(file), 1, 2)) == Supplied(0, os.stat(file).st_size)


async def test_nobody_is_asked_for_other_files_and_complete_ones_may_have_any_name(tmp_path: Path) -> None:
    near = tones.write(tmp_path / "near.wav", tones.music(5, RATE_HZ), RATE_HZ)
    named = near.rename(tmp_path / "near.arriving")
    near.hardlink_to(named)

    async def never(path: str, _start: int, _end: int) -> tuple[int, int]:
        raise AssertionError(path)

    async with Engine(EngineLimits(), workers=1, reserved=0) as engine:
        source = await engine.measure(str(named))
        engine.bring = never
        assert await engine.measure(str(near)) == source
