"""Segments on their way into the store: packed, durable, and never written twice; and how an attempt goes on where another one was."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
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

    async def publish(self, parts: Mapping[int, Sequence[Part]], scratch: Path) -> dict[int, tuple[int, ...]]:
        """Put segments into the store, a part of each rendition by segment, the last rendition of each last; their sizes."""
        packed = await off_loop(lambda: {index: [self._pack(index, part, scratch) for part in of] for index, of in parts.items()})
        sizes = await asyncio.gather(*(self._put(index, files) for index, files in packed.items()))
        return dict(zip(packed, sizes, strict=True))

    async def _put(self, index: int, files: Sequence[Path]) -> tuple[int, ...]:
        """One segment's renditions."""
        keyed = [(self.key(rendition, index), file) for rendition, file in enumerate(files)]
        stats = await asyncio.gather(*(self.store.put_file(key, file) for key, file in keyed[:-1]))
        stats.append(await self.store.put_file(*keyed[-1]))
        return tuple(stat.size_bytes for stat in stats)

    def _pack(self, index: int, part: Part, scratch: Path) -> Path:
        """The frames behind the header of their segment, in a new file."""
        first_frame = self.stream.segmentation.span(part.rendition, index).start
        header = segment_header(first_frame, self.stream.renditions[part.rendition].sample_rate_hz)
        frames = scratch / part.file
        packed = frames.with_name(frames.name + ".aac")
        with packed.open("wb") as out, frames.open("rb") as source:
            out.write(header)
            shutil.copyfileobj(source, out, COPY_BYTES)
        frames.unlink()
        return packed


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
