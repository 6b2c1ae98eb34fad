"""Segments on their way into the store: packed, durable, and never written twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.jobs.job import Job
from app.jobs.layout import folder_prefix, segment_key
from app.jobs.stream import Stream
from storage.blocking import off_loop
from storage.store import Store
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
        return segment_key(self.job, self.stream.attempt, Segment(rendition, index).artifact)

    async def holds(self, index: int) -> bool:
        """Whether the segment is published in every rendition: the last one is written last."""
        return await self.store.stat(self.key(len(self.stream.renditions) - 1, index)) is not None

    async def published(self) -> dict[int, tuple[int, ...]]:
        """Sizes in bytes of the segments that are there in every rendition, by segment."""
        prefix = folder_prefix(self.job, self.stream.attempt)
        sizes: dict[int, dict[int, int]] = {}
        async for found in self.store.list(prefix):
            name = parse_name("/" + found.key.removeprefix(prefix))
            if isinstance(name, Segment):
                sizes.setdefault(name.index, {})[name.rendition] = found.size_bytes
        last = len(self.stream.renditions) - 1
        return {index: tuple(of[r] for r in range(last + 1)) for index, of in sizes.items() if last in of}

    async def publish(self, index: int, parts: Sequence[Part], scratch: Path) -> tuple[int, ...]:
        """Put a segment's renditions into the store, the last one last; their sizes."""
        sizes = await asyncio.gather(*(self._put(r, index, scratch / part.file) for r, part in enumerate(parts[:-1])))
        return (*sizes, await self._put(len(parts) - 1, index, scratch / parts[-1].file))

    async def _put(self, rendition: int, index: int, frames: Path) -> int:
        """One rendition's segment, unless an earlier attempt has put it there: what was published is never written again."""
        key = self.key(rendition, index)
        there = await self.store.stat(key) if self.stream.attempt != self.job.attempt else None
        if there is None:
            first_frame = self.stream.segmentation.span(rendition, index).start
            header = segment_header(first_frame, self.stream.renditions[rendition].sample_rate_hz)
            there = await self.store.put_file(key, await off_loop(_pack, header, frames))
        return there.size_bytes


def _pack(header: bytes, frames: Path) -> Path:
    """The header and the frames behind it, in a new file."""
    packed = frames.with_name(frames.name + ".aac")
    with packed.open("wb") as out, frames.open("rb") as source:
        out.write(header)
        while piece := source.read(COPY_BYTES):
            out.write(piece)
    frames.unlink()
    return packed
