"""One HLS job from its row to its published segments. Knows the order, decides nothing.

The same for f=hls-aac and the real-time formats; only who is served first differs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.jobs.errors import SourceChanged
from app.jobs.job import Job, Result
from app.jobs.outages import until_back
from app.jobs.stream import PlaylistForm, Stream
from app.live.encoding import AttemptLost, Calls, Lanes, Material, StreamEncode
from app.live.publishing import Folder, Resumed, resume
from app.metering import duration_units, price
from app.produce import Prepared, Produced, Workshop, prepare, spec_of
from transforms.hls.names import MASTER
from transforms.hls.segments import segmentation
from transforms.plan import Plan, output_bytes
from transforms.spec import REAL_TIME_FAMILY


@dataclass(frozen=True, slots=True)
class _Desk:
    """What one attempt works with."""

    shop: Workshop
    job: Job
    prepared: Prepared

    async def announce(self, stream: Stream) -> bool:
        return await self.shop.streams.announce(self.job, stream, self.prepared.sources)

    async def wants(self) -> Sequence[int]:
        return await self.shop.streams.wants(self.job)

    def check(self) -> None:
        if not all(self.shop.originals.is_current(self.job.account, source) for source in self.prepared.sources):
            raise SourceChanged

    def stream(self) -> Stream:
        """What an earlier attempt has begun, if it was the same; else a new one.

        Raises SourceChanged where players have a list of the other one: they would hear both.
        """
        plan, begun = self.prepared.plan, self.job.stream
        planned = Stream(self.job.attempt, self._form(), segmentation(plan).count, plan.renditions)
        if begun is None:
            return planned
        same = (begun.renditions, begun.segments) == (planned.renditions, planned.segments)
        if same and self.job.sources == self.prepared.sources:
            return begun
        if self.job.format in REAL_TIME_FAMILY:
            raise SourceChanged
        return planned

    def _form(self) -> PlaylistForm:
        """Where positions cannot be reached by seeking, nothing can be encoded on demand: the list grows."""
        seekable = all(source.seekable for source in self.prepared.plan.sources)
        return self.job.playlist if seekable else PlaylistForm.EVENT


async def produce_stream(shop: Workshop, job: Job, progress: Callable[[float], None]) -> Produced:
    """Make and publish all segments of a variant.

    Raises FileNotFound, RefusedInput, EngineFault, StorageError, SourceChanged and AttemptLost.
    """
    async with prepare(shop, job.account, spec_of(job)) as prepared:
        await shop.store.require_space(sum(output_bytes(rendition) for rendition in prepared.plan.renditions))
        desk = _Desk(shop, job, prepared)
        with TemporaryDirectory(dir=shop.scratch_dir, prefix=f"{job.id}-") as scratch:
            encode = await _encode(desk, Path(scratch), progress)
            stream = await encode.run(_lanes(shop, job))
        if not await until_back(lambda: desk.announce(stream)):
            raise AttemptLost
        return Produced(_result(prepared.plan, stream), prepared.sources, price(prepared.plan), stream.attempts)


async def _encode(desk: _Desk, scratch: Path, progress: Callable[[float], None]) -> StreamEncode:
    shop, stream = desk.shop, desk.stream()
    folder = Folder(shop.store, desk.job, stream)
    is_ours = stream.attempt == desk.job.attempt
    resumed = Resumed(folder, {}) if is_ours else await resume(folder, desk.announce)
    if resumed is None:
        raise AttemptLost
    return StreamEncode(
        shop.engine,
        shop.signals,
        resumed.folder,
        Material(desk.prepared.plan, desk.prepared.paths, scratch, shop.timeout_seconds),
        Calls(desk.announce, desk.wants, desk.check, progress),
        sizes=resumed.sizes,
        announced=not is_ours,
    )


def _lanes(shop: Workshop, job: Job) -> Lanes:
    return Lanes(fill=shop.cores, wanted=shop.cores + 1 if job.format in REAL_TIME_FAMILY else 0)


def _result(plan: Plan, stream: Stream) -> Result:
    average_kbps = round(stream.bandwidths[0].average_bps / 1000)
    return Result(MASTER.artifact, (), duration_units(plan.renditions[0]), average_kbps, stream.size_bytes)
