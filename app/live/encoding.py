"""Encoding an HLS variant in the order its players need it: the first segment, what somebody waits for, then everything else."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.errors import Conflict
from app.jobs.job import Job
from app.jobs.stream import Stream
from app.live.listing import keeps_up
from app.live.order import Order
from app.live.publishing import Folder
from app.live.signals import RECHECK_SECONDS, LiveSignals
from transforms.engine.messages import Encode, Part, Span
from transforms.engine.pool import Engine
from transforms.hls.bandwidth import EncodedSegment, measured
from transforms.plan import Plan

PUBLISHED_AT_ONCE = 4
"""Segments of one variant that are made durable side by side, while the next are encoded."""

START_SECONDS = 0.5
"""A player that has just begun asks for its next segments at once, or seeks: until then the processors are kept free for it."""

CALM_SECONDS = 2.0
"""After so long a fill goes on though others wait: every encode ends some time."""

Turn = Callable[[int, bool], Awaitable[None]]
"""Encodes a segment; says whether somebody waits for it."""


class AttemptLost(Conflict):
    """Somebody else owns the job by now, or it is to be cancelled: publish nothing more."""

    def __init__(self) -> None:
        super().__init__("The encode was taken over.")


@dataclass(frozen=True, slots=True)
class Material:
    """What is encoded: a plan, the local files it reads and a scratch folder. `timeout_seconds` is per segment."""

    plan: Plan
    paths: tuple[Path, ...]
    scratch: Path
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Calls:
    """Whom the encode asks and tells: `announce` the stream (False: not ours any more), `wants` of players in other programs,
    `check` the sources before each segment, the share done to `progress`."""

    announce: Callable[[Stream], Awaitable[bool]]
    wants: Callable[[], Awaitable[Sequence[int]]]
    check: Callable[[], None]
    progress: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Lanes:
    """How much is encoded at once: lanes that `fill`, and those for `wanted` segments; none of them where nobody plays meanwhile."""

    fill: int
    wanted: int


@dataclass(slots=True)
class StreamEncode:
    """One attempt at one variant. `run` returns the finished stream."""

    engine: Engine
    signals: LiveSignals
    folder: Folder
    material: Material
    calls: Calls
    sizes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    announced: bool = False
    _begun_seconds: float = field(default_factory=time.monotonic)
    _sound_seconds: float = 0
    _wants_elsewhere: Sequence[int] = ()

    @property
    def job(self) -> Job:
        """Whose encode it is."""
        return self.folder.job

    @property
    def stream(self) -> Stream:
        """What is encoded."""
        return self.folder.stream

    async def run(self, lanes: Lanes) -> Stream:
        """Encode and publish everything that is missing. Raises RefusedInput, EngineFault, StorageError and what `check` raises."""
        serial = not all(source.seekable for source in self.material.plan.sources)
        order = Order(self.stream.segments, self.sizes, lanes=lanes.fill, serial=serial)
        if not self.announced and order.missing:
            await self._begin(order, lanes)
        room = asyncio.Semaphore(PUBLISHED_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as tasks:

                async def turn(index: int, wanted: bool) -> None:
                    """Encode; the lane goes on while the segment is made durable."""
                    parts = await self._encode(index, wanted=wanted)
                    await room.acquire()
                    tasks.create_task(self._publish(order, index, parts)).add_done_callback(lambda _: room.release())

                for lane in range(order.lanes):
                    tasks.create_task(self._fill(order, lane, turn, START_SECONDS if lanes.wanted else 0))
                listening = tasks.create_task(self._listen())
                serving = [tasks.create_task(self._serve(order, turn)) for _ in range(lanes.wanted)]
                await asyncio.gather(*serving)
                listening.cancel()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return self._finished()

    async def _begin(self, order: Order, lanes: Lanes) -> None:
        """The first segment alone: nothing takes its processor away."""
        index = order.take_wanted(self.signals.wants(self.job.id)) if lanes.wanted else None
        if index is None:
            index = order.take_fill(0)
        assert index is not None
        await self._publish(order, index, await self._encode(index, wanted=lanes.wanted > 0))

    async def _fill(self, order: Order, lane: int, turn: Turn, start_seconds: float) -> None:
        """Encode what nobody waits for, in the idle time of the engine. Niceness alone does not do it: Linux counts it within a session."""
        await asyncio.sleep(start_seconds)
        while True:
            await self.signals.calm(CALM_SECONDS)
            index = order.take_fill(lane)
            if index is None:
                return
            await turn(index, False)

    async def _serve(self, order: Order, turn: Turn) -> None:
        """Encode what somebody waits for."""
        with self.signals.encoding(self.job.id) as bell:
            while order.missing:
                index = order.take_wanted((*self.signals.wants(self.job.id), *self._wants_elsewhere))
                if index is None:
                    await bell.ring(RECHECK_SECONDS)
                else:
                    await turn(index, True)

    async def _listen(self) -> None:
        """Learn what players of other programs wait for."""
        while True:
            self._wants_elsewhere = await self.calls.wants()
            await asyncio.sleep(RECHECK_SECONDS)

    def _pace(self, parts: Sequence[Part]) -> float:
        """Seconds of sound per second so far: one decode feeds all renditions, so that they have one pace."""
        self._sound_seconds += parts[0].samples / self.stream.renditions[0].sample_rate_hz
        return self._sound_seconds / max(time.monotonic() - self._begun_seconds, 1e-6)

    async def _encode(self, index: int, *, wanted: bool) -> tuple[Part, ...]:
        spans = tuple(Span(span.start, span.end) for span in self.stream.segmentation.spans(index))
        paths = tuple(str(path) for path in self.material.paths)
        task = Encode(self.material.plan, paths, spans, str(self.material.scratch))
        with self.signals.urgent() if wanted else nullcontext():
            return await self.engine.encode(task, timeout_seconds=self.material.timeout_seconds, background=not wanted)

    async def _publish(self, order: Order, index: int, parts: Sequence[Part]) -> None:
        self.calls.check()
        await self._store(index, parts, self._pace(parts))
        order.published(index)
        self.signals.published(self.job.id, index)
        self.calls.progress(1 - order.missing / self.stream.segments)

    async def _store(self, index: int, parts: Sequence[Part], pace: float) -> None:
        """Durable first, then known: the stream is announced with its first segment, and when its pace begins or ceases to keep up."""
        if self.announced and keeps_up(pace) == keeps_up(self.stream.pace):
            self.sizes[index] = await self.folder.publish(index, parts, self.material.scratch)
            return
        stream = replace(self.stream, pace=pace)
        self.sizes[index], ours = await asyncio.gather(
            self.folder.publish(index, parts, self.material.scratch), self.calls.announce(stream)
        )
        if not ours:
            raise AttemptLost
        self.announced = True
        self.folder = replace(self.folder, stream=stream)

    def _finished(self) -> Stream:
        """The stream with its exact figures."""
        stream, segments = self.stream, range(self.stream.segments)
        bandwidths = tuple(
            measured(
                [EncodedSegment(self.sizes[i][number], stream.segmentation.span(number, i).frames) for i in segments],
                rendition.sample_rate_hz,
            )
            for number, rendition in enumerate(stream.renditions)
        )
        return replace(stream, bandwidths=bandwidths, size_bytes=sum(sum(self.sizes[i]) for i in segments))
