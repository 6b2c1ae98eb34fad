"""One file job from its row to its published artifact: originals, probe, plan, encode, publish. Knows the order, decides nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl

from app.files.folders import Folders
from app.files.originals import Originals
from app.files.playlist import OpenedSource, open_source
from app.files.probes import Probes
from app.jobs.job import ArtifactFile, Job, NewJob, Priority, Result, SourceVersion
from app.jobs.layout import artifact_key
from app.jobs.streams import Streams
from app.live.signals import LiveSignals
from app.metering import Charge, duration_units, price
from storage.store import Store
from transforms.engine.messages import Artifact
from transforms.engine.pool import Engine
from transforms.engine.run import Division, Ranges, RunOptions, run_plan
from transforms.limits import PlanLimits
from transforms.params import parse
from transforms.plan import Plan, output_bytes, plan
from transforms.ranges import decoded_bytes
from transforms.spec import ARTIFACT_NAMES, Spec

Divide = Callable[["Workshop", Job, Path, tuple[str, Ranges]], Awaitable[Division]]
"""Offers the ranges of what has this fingerprint to other machines; what they make of them comes into the scratch folder."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a job is worked with. `cores` are the ranges of one job that are encoded at once. `divide` is None on one machine."""

    store: Store
    folders: Folders
    originals: Originals
    streams: Streams
    signals: LiveSignals
    probes: Probes
    engine: Engine
    limits: PlanLimits
    scratch_dir: Path
    cores: int
    timeout_seconds: float
    divide: Divide | None = None

    def asked_with(self, query: str) -> "Workshop":
        """The same for a request's query, of which remote folders may forward parts."""
        return replace(self, originals=self.originals.asked_with(query)) if query else self


@dataclass(frozen=True, slots=True)
class Produced:
    """A job's outcome, published and ready to be marked Succeeded: all of it lies in the folders of these `attempts`."""

    result: Result
    sources: tuple[SourceVersion, ...]
    charge: Charge
    attempts: frozenset[int]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan with the local files it reads."""

    plan: Plan
    paths: tuple[Path, ...]
    sources: tuple[SourceVersion, ...]

    @property
    def fingerprint(self) -> str:
        """The same wherever the same is made of the same originals."""
        return sha256(repr((self.plan, self.sources)).encode()).hexdigest()


def spec_of(job: Job | NewJob) -> Spec:
    """The spec a job is made for, from its canonical query."""
    return parse(job.path, parse_qsl(job.canonical, keep_blank_values=True))


@asynccontextmanager
async def prepare(shop: Workshop, account: str, spec: Spec) -> AsyncIterator[Prepared]:
    """Open and measure every original of a spec and decide the plan; the files stay open while the context lasts.

    Raises FileNotFound and RefusedInput.
    """
    async with AsyncExitStack() as files:
        opened: dict[str, OpenedSource] = {}
        for path in dict.fromkeys(clip.path for clip in spec.clips):
            original = await shop.originals.find(account, path, to_read=True)
            opened[path] = await files.enter_async_context(open_source(shop.originals, shop.folders, original, shop.scratch_dir))
        measured = {path: await shop.probes.measure(source) for path, source in opened.items()}
        decided = plan(spec, [measured[clip.path] for clip in spec.clips], shop.limits)
        versions = dict.fromkeys(version for source in opened.values() for version in source.made_from)
        yield Prepared(decided, tuple(opened[clip.path].path for clip in spec.clips), tuple(versions))


async def produce(shop: Workshop, job: Job, progress: Callable[[float], None]) -> Produced:
    """Make and publish a job's artifact. Raises FileNotFound, RefusedInput, EngineFault and StorageError."""
    async with prepare(shop, job.account, spec_of(job)) as prepared:
        outputs_bytes = sum(output_bytes(rendition) for rendition in prepared.plan.renditions)
        await shop.store.require_space(outputs_bytes + decoded_bytes(prepared.plan, shop.cores))
        with TemporaryDirectory(dir=shop.scratch_dir, prefix=f"{job.id}-") as folder:
            scratch = Path(folder)
            options = RunOptions(
                shop.cores, shop.timeout_seconds, job.priority is Priority.BACKGROUND, progress, _divide(shop, job, prepared, scratch)
            )
            artifact = await run_plan(shop.engine, prepared.plan, prepared.paths, scratch, options)
            file = await _publish(shop.store, job, scratch / artifact.file)
    made = _as_made(prepared.plan, artifact)
    result = Result(file.name, (file,), duration_units(made.renditions[0]), artifact.bitrate_kbps)
    return Produced(result, prepared.sources, price(made), frozenset({job.attempt}))


def _divide(shop: Workshop, job: Job, prepared: Prepared, scratch: Path) -> Callable[[Ranges], Awaitable[Division]] | None:
    offer = shop.divide
    return None if offer is None else lambda ranges: offer(shop, job, scratch, (prepared.fingerprint, ranges))


def _as_made(planned: Plan, artifact: Artifact) -> Plan:
    """The plan with the length that came out: a damaged input can end early, and only what was made is billed."""
    (rendition,) = planned.renditions
    return replace(planned, renditions=(replace(rendition, samples=artifact.samples),))


async def _publish(store: Store, job: Job, file: Path) -> ArtifactFile:
    name = ARTIFACT_NAMES[job.format]
    stat = await store.put_file(artifact_key(job, name), file)
    return ArtifactFile(name, stat.key, stat.size_bytes, stat.etag)
