"""One variant encoded by a real engine, from which the test keeps the only child: what goes first when it is given back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.jobs.job import Job, Keep, Priority, Status
from app.jobs.stream import PlaylistForm, Stream
from app.jobs.wakeups import Wakeups
from app.live.encoding import Calls, Lanes, Material, StreamEncode
from app.live.listing import listed_renditions
from app.live.publishing import Folder
from app.live.signals import LiveSignals
from app.live.speed import Speedometer
from storage.disk import DiskStore
from storage.errors import StoreUnavailable
from tests import tones
from tests.app.hls_client import until
from tests.service import ACCOUNT
from transforms.engine.messages import Encode, Span
from transforms.engine.pool import Engine
from transforms.engine.sandbox import EngineLimits
from transforms.hls.segments import segmentation
from transforms.limits import PlanLimits
from transforms.plan import Plan, plan
from transforms.spec import Clip, Format, Spec, Variant

SECONDS = 60
RATE_HZ = 48_000
JOB = Job(
    "01HZZZZZZZZZZZZZZZZZZZZZZZ", "ProcessFileJob", ACCOUNT, "/sound.wav", "identity", Format.HLS_AAC_RT, "", "", None, Keep.PERMANENT,
    Priority.REAL_TIME, Status.RUNNING, progress=0, attempt=1, owner="us", created_ms=0, updated_ms=0,
)  # fmt: skip
BEGINNING = range(4)


class Told(LiveSignals):
    """Signals that remember what was published, in order."""

    def __init__(self) -> None:
        super().__init__(Wakeups())
        self.segments: list[int] = []

    def published(self, job_id: str, segment: int) -> None:
        self.segments.append(segment)
        super().published(job_id, segment)


@dataclass
class Room:
    """An engine with one child, a sound, and the encode of it whose beginning is done."""

    engine: Engine
    sound: Path
    folder: Path
    store: DiskStore
    signals: Told = field(default_factory=Told)

    async def plan(self, *variants: Variant) -> Plan:
        source = await self.engine.measure(str(self.sound))
        return plan(Spec(Format.HLS_AAC_RT, (Clip("/sound"),), variants), [source], PlanLimits())

    async def encode(self) -> StreamEncode:
        decided = await self.plan(Variant(64, RATE_HZ))
        stream = Stream(1, PlaylistForm.VOD, segmentation(decided).count, decided.renditions, speeds=(9.0,))
        return StreamEncode(
            self.engine,
            self.signals,
            Folder(self.store, JOB, stream),
            Material(decided, (self.sound,), self.folder, timeout_seconds=60),
            Calls(_announced, _nothing, lambda: None, lambda _: None),
            sizes=dict.fromkeys(BEGINNING, (1,)),
            announced=True,
        )

    async def fill_elsewhere(self, before: int) -> None:
        """Another job's fill, whose turn came before those of this one. What goes before it must be published meanwhile."""
        async with self.engine.turn(await self.plan(Variant(80, RATE_HZ)), (), background=True):
            await until(lambda: self.is_published(before))

    async def is_published(self, segment: int) -> bool:
        """Whether it is."""
        return segment in self.signals.segments

    async def play(self, segment: int) -> None:
        """Want a segment until it is published."""
        with self.signals.wanting(JOB.id, segment) as bell:
            while not await self.is_published(segment):
                await bell.ring(1)


@asynccontextmanager
async def room(folder: Path) -> AsyncIterator[Room]:
    sound = tones.write(folder / "sound.wav", tones.chirp(SECONDS, RATE_HZ), RATE_HZ)
    async with Engine(EngineLimits(), workers=1, reserved=0) as engine:
        store = DiskStore(folder / "objects")
        yield Room(engine, sound, folder, store)
        store.close()


async def test_what_is_asked_for_goes_before_a_fill_that_already_waits_for_its_turn(tmp_path: Path) -> None:
    """Seeks, then read-ahead, then what nobody has asked for; also when all of it has waited in the engine's queue."""
    async with room(tmp_path) as made:
        encode = await made.encode()
        following, sought = len(BEGINNING), 12
        async with asyncio.TaskGroup() as tasks:
            async with made.engine.turn(encode.material.plan, ("elsewhere",)):
                tasks.create_task(made.fill_elsewhere(following))
                await until(lambda: _queued(made.engine, 1))
                running = tasks.create_task(encode.run(Lanes(fill=1, wanted=2)))
                await until(lambda: _queued(made.engine, 2))
                for wanted in (following, sought):
                    tasks.create_task(made.play(wanted))
                await until(lambda: _queued(made.engine, 4))
            await running
        assert made.signals.segments[:3] == [sought, following, following + 1]
        assert sorted(made.signals.segments) == list(range(following, encode.stream.segments))


async def test_the_speed_of_each_rendition_is_measured_and_decides_whether_it_is_listed(tmp_path: Path) -> None:
    async with room(tmp_path) as made:
        decided = await made.plan(Variant(16, 8_000), Variant(576, 96_000))
        spans = tuple(Span(span.start, span.end) for span in segmentation(decided).spans(4))
        begun = asyncio.get_running_loop().time()
        small, large = await made.engine.encode(Encode(decided, (str(made.sound),), (spans,), str(tmp_path)), timeout_seconds=60)
        elapsed_seconds = asyncio.get_running_loop().time() - begun
    assert 0 < small.work_seconds < large.work_seconds / 2
    assert small.work_seconds + large.work_seconds < elapsed_seconds

    # A machine on which the large one takes half as long again as it plays; the small one then is far from it.
    sound_seconds = small.samples / 8_000
    slower = 1.5 * sound_seconds / large.work_seconds
    meter = Speedometer()
    meter.add(sound_seconds, [slower * small.work_seconds, slower * large.work_seconds])
    speeds = meter.speeds(slower * (small.work_seconds + large.work_seconds) + sound_seconds / 8)
    assert listed_renditions(Stream(1, PlaylistForm.VOD, 1, decided.renditions, speeds)) == [0]


async def test_an_encode_goes_on_while_the_database_is_away(tmp_path: Path) -> None:
    async with room(tmp_path) as made:
        encode = await made.encode()
        announced: list[Stream] = []

        async def announce(stream: Stream) -> bool:
            announced.append(stream)
            if len(announced) == 1:
                await _nobody_answers()
            return True

        encode.announced, encode.sizes = False, {}
        encode.calls = replace(encode.calls, announce=announce, wants=_nobody_answers)
        await encode.run(Lanes(fill=1, wanted=1))
        assert sorted(made.signals.segments) == list(range(encode.stream.segments))
        assert announced[0] == announced[1], "said until it was heard"


async def _queued(engine: Engine, number: int) -> bool:
    crew = engine.crews["encode"]
    return len(crew._urgent) + len(crew._background) >= number


async def _announced(_: Stream) -> bool:
    return True


async def _nobody_answers() -> Sequence[int]:
    raise StoreUnavailable("The database does not answer at the moment.")


async def _nothing() -> Sequence[int]:
    return ()
