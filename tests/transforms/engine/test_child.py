"""One child at a time: real processes that behave badly (see `rogue`), and what the service makes of them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.transforms.engine.family import alive, command_of, descendants, eventually, niceness
from tests.transforms.engine.rogue import SOURCE
from transforms.cuts import Cut
from transforms.engine.child import LOG_BYTES, Child
from transforms.engine.messages import Assemble, Encode, Measure, Measured, Part, Progress, Refused, Span
from transforms.engine.protocol import Assignment, BrokenLine, Line, read_assignment, read_line, write_assignment, write_line
from transforms.engine.sandbox import EngineLimits, Isolation, Sandbox
from transforms.engine.supply import everything_is_here
from transforms.engine.turn import Turn
from transforms.errors import EngineCrash
from transforms.plan import Plan, Rendition, Run
from transforms.source import Source
from transforms.spec import Format, RealTime

ROGUE = (sys.executable, "-P", "-s", "-m", "tests.transforms.engine.rogue")


@asynccontextmanager
async def started(limits: EngineLimits = EngineLimits()) -> AsyncIterator[Child]:  # noqa: B008 (frozen)
    child = await Child.start(Sandbox.detect(limits), ROGUE)
    try:
        yield child
    finally:
        await child.kill()
        assert not alive(child.pid)


async def attack(child: Child, name: str) -> Line:
    return await child.perform(Assignment(Measure(name)))


async def test_answers_and_stays_warm() -> None:
    async with started() as child:
        for _ in range(3):
            assert await attack(child, "nothing") == Measured(SOURCE)
        assert not child.worn()


async def test_refusals_carry_a_sentence_and_keep_the_rest_for_the_log() -> None:
    async with started() as child:
        refused = await attack(child, "refuse")
        assert isinstance(refused, Refused)
        assert (refused.code, refused.message) == ("unsupported_input", "Not for us.")
        assert "/secret/path" in refused.detail
        failed = await attack(child, "fail")
        assert isinstance(failed, Refused)
        assert failed.code == "internal_error"
        assert "secret" not in failed.message
        assert "RuntimeError: /secret/path" in failed.detail
        assert await attack(child, "nothing") == Measured(SOURCE)


async def test_what_is_printed_is_log_and_bounded() -> None:
    async with started() as child:
        assert await attack(child, "chatter") == Measured(SOURCE)
        await eventually(lambda: child.log.endswith("the end"))
        assert len(child.log) <= LOG_BYTES
        await attack(child, "nothing")
        assert child.log == ""


async def test_memory_is_bounded() -> None:
    async with started(EngineLimits(memory_bytes=512 * 2**20)) as child:
        refused = await attack(child, "eat_memory")
        assert isinstance(refused, Refused)
        assert refused.code == "too_large"
        assert "memory" in refused.message


async def test_output_is_bounded() -> None:
    async with started(EngineLimits(output_bytes=2**22)) as child:
        refused = await attack(child, "write_much")
        assert isinstance(refused, Refused)
        assert refused.code == "too_large"


async def test_memory_held_after_a_task_wears_a_child_out() -> None:
    async with started(EngineLimits(resident_bytes=60 * 2**20)) as child:
        assert not child.worn()
        await attack(child, "keep_memory")
        assert child.worn()


async def test_tasks_wear_a_child_out() -> None:
    async with started(EngineLimits(tasks=2)) as child:
        await attack(child, "nothing")
        assert not child.worn()
        await attack(child, "nothing")
        assert child.worn()


@pytest.mark.parametrize("name", ["die", "lie"])
async def test_death_and_lies_are_crashes(name: str) -> None:
    async with started() as child:
        with pytest.raises(EngineCrash) as crash:
            await attack(child, name)
        assert str(child.pid) in crash.value.detail
        assert str(child.pid) not in crash.value.message
        assert not alive(child.pid)
        with pytest.raises(EngineCrash):
            await attack(child, "nothing")


@pytest.mark.parametrize("renditions", ["", "00", "0101", "01010", "010102"])
async def test_parts_that_were_not_asked_for_are_crashes(renditions: str, tmp_path: Path) -> None:
    async with started() as child:

        @asynccontextmanager
        async def lease() -> AsyncIterator[Child]:
            yield child

        (tmp_path / "part").touch()
        task = Encode(PLAN, tuple(renditions), 3 * ((Span(3, 9), Span(3, 9)),), str(tmp_path))
        async with Turn(lease, everything_is_here) as turn:
            with pytest.raises(EngineCrash, match="stopped"):
                await turn.encode(task, timeout_seconds=30)
            assert len(await turn.encode(replace(task, paths=tuple("010101")), timeout_seconds=30)) == 6


async def test_a_child_that_cannot_start_says_why() -> None:
    with pytest.raises(EngineCrash) as crash:
        await Child.start(Sandbox.detect(EngineLimits()), (sys.executable, "-c", "raise SystemExit('no codec here')"))
    assert "no codec here" in crash.value.detail


async def test_a_child_that_never_becomes_ready_is_given_up() -> None:
    with pytest.raises(EngineCrash):
        await Child.start(Sandbox.detect(EngineLimits(start_seconds=0.3)), ("sleep", "603"))


@pytest.mark.parametrize("isolation", list(Isolation))
async def test_killing_takes_everything_it_started(isolation: Isolation) -> None:
    sandbox = Sandbox.detect(EngineLimits())
    if list(Isolation).index(isolation) < list(Isolation).index(sandbox.isolation):
        pytest.skip(f"left out: this machine does not allow {isolation.value}")
    child = await Child.start(replace(sandbox, isolation=isolation), ROGUE)
    work = asyncio.create_task(attack(child, "hang_with_children"))
    await eventually(lambda: len([pid for pid in descendants(child.pid) if command_of(pid)[:1] == ["sleep"]]) == 2)
    family = descendants(child.pid) | {child.pid}
    await child.kill()
    if isolation is Isolation.NAMESPACES:
        assert not [pid for pid in family if alive(pid)], "kill returns only when all are gone"
    stray = {pid for pid in family if command_of(pid) == ["sleep", "602"]}
    await eventually(lambda: not [pid for pid in family - stray if alive(pid)])
    for pid in stray:  # turned its back on a child that has no process namespace; the engine's own programs never do
        assert isolation is not Isolation.NAMESPACES
        await _end(pid)
    with pytest.raises(EngineCrash):
        await work


async def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: not alive(pid))


async def test_background_work_yields_and_the_child_takes_it_back() -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    async with started() as child:
        for background, nice in ((False, ours), (True, min(19, ours + 10)), (False, ours)):
            measured = await child.perform(Assignment(Measure("nice"), background))
            assert isinstance(measured, Measured)
            assert measured.source.sample_rate_hz == nice
        assert niceness(child.pid) == ours


async def test_background_work_is_done_where_the_whole_service_yields_already() -> None:
    """`nice -n 15`, or `Nice=15` of a unit: nothing but more niceness can be had without privileges."""
    child = await Child.start(Sandbox.detect(EngineLimits()), ("nice", "-n", "15", *ROGUE))
    try:
        measured = await child.perform(Assignment(Measure("nice"), background=True))
        assert isinstance(measured, Measured)
        assert measured.source.sample_rate_hz == 19
    finally:
        await child.kill()


async def test_progress_comes_at_most_ten_times_a_second() -> None:
    seen: list[int] = []
    async with started() as child:
        clock = asyncio.get_running_loop().time
        begin = clock()
        await child.perform(Assignment(Measure("progress")), seen.append)
        assert 1 <= len(seen) <= (clock() - begin) * 10 + 1
        assert seen == sorted(seen)


async def test_a_task_it_does_not_understand_is_refused_and_no_more() -> None:
    async with started() as child:
        stdin = child._process.stdin
        assert stdin
        stdin.write(b'{"task": {"kind": "format_disk"}}\n')
        refused = await child._next()
        assert isinstance(refused, Refused)
        assert refused.code == "internal_error"
        stdin.write(b"\xff\xfe not json\n")
        assert isinstance(await child._next(), Refused)
        assert await attack(child, "nothing") == Measured(SOURCE)


PLAN = Plan(
    Format.MP3,
    (Source("mov", "aac", 44_100, 2, "stereo", 10**7, True, Fraction(30_000, 1_001), "Ünïcode\n", None, None, True),),
    (Run((Cut(0, 0, 10**7, 3),), 44_100, "stereo"),),
    (Rendition(128, 48_000, 2, "stereo", 1_152, 3 * 10**7, (0,), RealTime.TRUE),),
)
PART = Part(0, Span(3, None), "part 0", 1, 1_152, 417)


@pytest.mark.parametrize(
    "task",
    [
        Measure("/originals/ä \n b.mp3"),
        Encode(PLAN, ("/a",), ((Span(3, 9),), (Span(9, 12),)), "/scratch"),
        Assemble(PLAN, ("/a",), (PART,), "/scratch"),
    ],
    ids=lambda task: task.kind,
)
def test_tasks_survive_the_wire_exactly(task: Measure | Encode | Assemble) -> None:
    line = write_assignment(Assignment(task, background=True))
    assert line.index(b"\n") == len(line) - 1
    assert read_assignment(line) == Assignment(task, background=True)


def test_events_survive_the_wire_exactly() -> None:
    for event in (Measured(PLAN.sources[0]), Progress(2**40), Refused("too_large", "Too large.", "x\ny")):
        assert read_line(write_line(event)) == event


@pytest.mark.parametrize("line", [b"", b"{}", b"[1]", b'{"kind":"progress","samples":"many"}', b'{"kind":"measured","source":{}}', b"\xff"])
def test_broken_lines(line: bytes) -> None:
    with pytest.raises(BrokenLine):
        read_line(line)
