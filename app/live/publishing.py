"""Segments on their way into the store: packed, durable, and never written twice; and how an attempt goes on where another one was."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Final

from app.jobs.job import Job
from app.jobs.layout import folder_prefix, segment_key
from app.jobs.stream import Inherited, Stream
from storage.blocking import off_loop
from storage.store import ObjectStat, Store
from transforms.engine.messages import Part
from transforms.hls.names import Segment, parse_name
from transforms.hls.packed import segment_header

COPY_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the segments of one stream are."""

    store: Store
    job: Job
    stream: Stream

    def key(self, rendition: int, index: int) -> str:
        """Store key of a segment."""
        return segment_key(self.job, self.stream.attempt_of(index), Segment(rendition, index).artifact)

    async def holds(self, index: int) -> bool:
        """Whether the segment is published in every rendition: the last one is written last."""
        return await self.store.stat(self.key(len(self.stream.renditions) - 1, index)) is not None

    async def find(self, rendition: int, index: int) -> ObjectStat | None:
        """One rendition of a segment that is published; None before all of them are, for another attempt may make this one anew."""
        is_finished = bool(self.stream.bandwidths)
        if not is_finished and rendition != len(self.stream.renditions) - 1 and not await self.holds(index):
            return None
        return await self.store.stat(self.key(rendition, index))

    async def published(self) -> dict[int, tuple[int, ...]]:
        """Sizes in bytes of the segments that are there in every rendition, by segment."""
        sizes: dict[int, dict[int, int]] = {}
        for attempt in self.stream.attempts:
            prefix = folder_prefix(self.job, attempt)
            async for found in self.store.list(prefix):
                name = parse_name("/" + found.key.removeprefix(prefix))
                if isinstance(name, Segment) and self.stream.attempt_of(name.index) == attempt:
                    sizes.setdefault(name.index, {})[name.rendition] = found.size_bytes
        last = len(self.stream.renditions) - 1
        return {index: tuple(of[r] for r in range(last + 1)) for index, of in sizes.items() if last in of}

    async def publish(self, index: int, parts: Sequence[Part], scratch: Path) -> tuple[int, ...]:
        """Put a segment's renditions into the store, the last one last; their sizes."""
        sizes = await asyncio.gather(*(self._put(r, index, scratch / part.file) for r, part in enumerate(parts[:-1])))
        return (*sizes, await self._put(len(parts) - 1, index, scratch / parts[-1].file))

    async def _put(self, rendition: int, index: int, frames: Path) -> int:
        first_frame = self.stream.segmentation.span(rendition, index).start
        header = segment_header(first_frame, self.stream.renditions[rendition].sample_rate_hz)
        stat = await self.store.put_file(self.key(rendition, index), await off_loop(_pack, header, frames))
        return stat.size_bytes


@dataclass(frozen=True, slots=True)
class Resumed:
    """What an attempt goes on with: a folder, and the sizes of the segments that earlier ones have published there."""

    folder: Folder
    sizes: dict[int, tuple[int, ...]]


async def resume(left: Folder, announce: Callable[[Stream], Awaitable[bool]]) -> Resumed | None:
    """Make what earlier attempts have `left` ours; None when the job is somebody else's by now.

    Their last owner may be alive, and may have published more until the row said what is his. Players may have heard that too,
    so the folder is looked at again after each announcement.
    """
    sizes = await left.published()
    while True:
        inherited = tuple(_inherited(left.stream, sizes))
        folder = replace(left, stream=replace(left.stream, attempt=left.job.attempt, inherited=inherited))
        if not await announce(folder.stream):
            return None
        seen, sizes = sizes, await left.published()
        if sizes.keys() == seen.keys():
            return Resumed(folder, sizes)


def _inherited(stream: Stream, segments: Iterable[int]) -> Iterable[Inherited]:
    """The segments, those that follow each other in one folder as one."""
    numbered = enumerate(sorted(segments))
    for (attempt, _), run in groupby(numbered, lambda pair: (stream.attempt_of(pair[1]), pair[1] - pair[0])):
        indexes = [index for _, index in run]
        yield Inherited(attempt, indexes[0], indexes[-1] + 1)


def _pack(header: bytes, frames: Path) -> Path:
    """The header and the frames behind it, in a new file."""
    packed = frames.with_name(frames.name + ".aac")
    with packed.open("wb") as out, frames.open("rb") as source:
        out.write(header)
        while piece := source.read(COPY_BYTES):
            out.write(piece)
    frames.unlink()
    return packed
