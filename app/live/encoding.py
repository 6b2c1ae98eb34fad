"""Encoding an HLS variant in the order its players need it: the first segment, what somebody waits for, then everything else."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.errors import Conflict
from app.jobs.job import Job
from app.jobs.outages import until_back
from app.jobs.stream import Stream
from app.live.listing import keeps_up
from app.live.order import BLOCK_SEGMENTS, Order
from app.live.publishing import Folder
from app.live.signals import RECHECK_SECONDS, LiveSignals
from app.live.speed import Speedometer
from app.metrics import SEGMENTS_ENCODED
from storage.errors import StoreUnavailable
from transforms.engine.messages import Encode, Part, Span
from transforms.engine.pool import Engine
from transforms.hls.bandwidth import EncodedSegment, measured
from transforms.plan import Plan

PUBLISHED_AT_ONCE = 4
"""Turns whose segments are made durable side by side, while the next are encoded."""

TURN_SEGMENTS = BLOCK_SEGMENTS
"""What a lane encodes in one turn where nobody plays meanwhile: the way to the child and back is paid once."""

START_SECONDS = 0.5
"""A player that has just begun asks for its next segments at once, or seeks: until then the processors are kept free for it."""

CALM_SECONDS = 2.0
"""After so long a fill goes on though others wait: every encode ends some time."""

Parts = Mapping[int, Sequence[Part]]
"""What a turn has encoded: by segment, a part of each rendition."""

Encoded = Callable[[Parts], Awaitable[None]]
"""Takes segments to where they are published; returns when the next may be encoded."""


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
    `check` the sources before segments are published, the share done to `progress`."""

    announce: Callable[[Stream], Awaitable[bool]]
    wants: Callable[[], Awaitable[Sequence[int]]]
    check: Callable[[], None]
    progress: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Lanes:
    """How much is encoded at once: lanes that `fill`, and those for `wanted` segments; none of them where nobody plays meanwhile."""

    fill: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How a lane fills: when it begins, and how many segments at most it encodes in one turn."""

    start_seconds: float
    turn_segments: int


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
    _speedometer: Speedometer = field(default_factory=Speedometer)
    _wants_elsewhere: Sequence[int] = ()
    _complete: asyncio.Event = field(default_factory=asyncio.Event)
    _queued: int = 0  # lanes that wait for a child, to encode what is wanted

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
        if not order.missing:
            return self._finished()
        room = asyncio.Semaphore(PUBLISHED_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as tasks:

                async def publish(parts: Parts) -> None:
                    """The lane goes on while the segments are made durable."""
                    await room.acquire()
                    tasks.create_task(self._publish(order, parts)).add_done_callback(lambda _: room.release())

                pace = Pace(START_SECONDS, 1) if lanes.wanted else Pace(0, TURN_SEGMENTS)
                lasting = [tasks.create_task(self._fill(order, lane, publish, pace)) for lane in range(order.lanes)]
                if lanes.wanted:
                    lasting += [tasks.create_task(self._serve(order, publish)) for _ in range(lanes.wanted)]
                    lasting += [tasks.create_task(self._listen())]
                await self._complete.wait()
                for task in lasting:
                    task.cancel()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return self._finished()

    async def _begin(self, order: Order, lanes: Lanes) -> None:
        """The first segment alone: nothing takes its processor away."""
        wanted = lanes.wanted > 0
        async with self._turn(wanted=wanted) as encode:
            index = order.take_wanted(self.signals.wants(self.job.id)) if wanted else None
            parts = await encode(order.take_fill(0) if index is None else (index,))
        await self._publish(order, parts)

    async def _fill(self, order: Order, lane: int, publish: Encoded, pace: Pace) -> None:
        """Encode what nobody waits for, in the idle time of the engine. Niceness alone does not do it: Linux counts it within a session."""
        await asyncio.sleep(pace.start_seconds)
        while True:
            await self.signals.calm(CALM_SECONDS)
            async with self._turn(wanted=False) as encode:
                # Only now, when a child is free: what has waited in a queue could not go before others any more when a player asks for it.
                segments = order.take_fill(lane, pace.turn_segments)
                if not segments:
                    return
                parts = await encode(segments)
            await publish(parts)

    async def _serve(self, order: Order, publish: Encoded) -> None:
        """Encode what somebody waits for; what that is, too, is decided when a child is free."""
        with self.signals.encoding(self.job.id) as bell:
            while True:
                if len(order.open_wants(self._wants())) <= self._queued:
                    await bell.ring(RECHECK_SECONDS)
                    continue
                self._queued += 1
                async with self._turn(wanted=True) as encode:
                    self._queued -= 1
                    index = order.take_wanted(self._wants())
                    parts = None if index is None else await encode((index,))
                if parts is not None:
                    await publish(parts)

    def _wants(self) -> Sequence[int]:
        return (*self.signals.wants(self.job.id), *self._wants_elsewhere)

    async def _listen(self) -> None:
        """Learn what players of other programs wait for."""
        while True:
            with suppress(StoreUnavailable):  # while the database is away nobody is served either: there will be more when it is back
                self._wants_elsewhere = await self.calls.wants()
            await asyncio.sleep(RECHECK_SECONDS)

    @asynccontextmanager
    async def _turn(self, *, wanted: bool) -> AsyncIterator[Callable[[Sequence[int]], Awaitable[Parts]]]:
        """A child of the engine; gives what encodes segments with it."""
        plan, paths = self.material.plan, tuple(str(path) for path in self.material.paths)

        async def encode(segments: Sequence[int]) -> Parts:
            pieces = tuple(tuple(Span(span.start, span.end) for span in self.stream.segmentation.spans(index)) for index in segments)
            task = Encode(plan, paths, pieces, str(self.material.scratch))
            parts = await turn.encode(task, timeout_seconds=len(segments) * self.material.timeout_seconds)
            SEGMENTS_ENCODED.inc(len(parts))
            renditions = len(self.stream.renditions)
            return {index: parts[n * renditions : (n + 1) * renditions] for n, index in enumerate(segments)}

        with self.signals.urgent() if wanted else nullcontext():
            async with self.engine.turn(plan, paths, background=not wanted) as turn:
                yield encode

    async def _publish(self, order: Order, parts: Parts) -> None:
        self.calls.check()
        await self._store(parts, self._speeds(parts))
        for index in parts:
            order.published(index)
            self.signals.published(self.job.id, index)
        if not order.missing:
            self._complete.set()
        self.calls.progress(1 - order.missing / self.stream.segments)

    def _speeds(self, parts: Parts) -> tuple[float, ...]:
        for of in parts.values():
            self._speedometer.add(of[0].samples / self.stream.renditions[0].sample_rate_hz, [part.work_seconds for part in of])
        return self._speedometer.speeds(time.monotonic() - self._begun_seconds)

    async def _store(self, parts: Parts, speeds: tuple[float, ...]) -> None:
        """Durable first, then known: the stream is announced with its first segment, and when a rendition begins or ceases to keep up."""
        if self.announced and list(map(keeps_up, speeds)) == list(map(keeps_up, self.stream.speeds)):
            self.sizes |= await self.folder.publish(parts, self.material.scratch)
            return
        stream = replace(self.stream, speeds=speeds)
        sizes, ours = await asyncio.gather(
            self.folder.publish(parts, self.material.scratch), until_back(lambda: self.calls.announce(stream))
        )
        if not ours:
            raise AttemptLost
        self.sizes |= sizes
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
