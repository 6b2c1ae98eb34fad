"""Encodes for tests: a spec and files through measure, plan, encode and assemble, in one range or in several."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests import tones
from transforms.engine.assemble import assemble
from transforms.engine.messages import WHOLE, Artifact, Assemble, Part, Span
from transforms.engine.session import Session
from transforms.limits import PlanLimits
from transforms.plan import Plan, plan
from transforms.probe.source import measure
from transforms.spec import Clip, Format, Spec, TrimMode, TrimPoint, Variant


@dataclass(frozen=True, slots=True)
class Wish:
    """A spec in short: seconds as (whole, hundredths)."""

    format: Format = Format.WAV_RIFF
    kbps: int | None = None
    rate_hz: int = 48_000
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None
    plays: tuple[int, ...] = ()
    after_repeat: bool = False


def plan_of(wish: Wish, files: Sequence[Path]) -> Plan:
    plays = wish.plays or (1,) * len(files)
    spec = Spec(
        format=wish.format,
        clips=tuple(Clip(str(file), count) for file, count in zip(files, plays, strict=True)),
        variants=(Variant(wish.kbps, wish.rate_hz),),
        trim_start=TrimPoint(*wish.start) if wish.start else None,
        trim_end=TrimPoint(*wish.end) if wish.end else None,
        trim_mode=TrimMode.AFTER_REPEAT if wish.after_repeat else TrimMode.BEFORE_REPEAT,
    )
    return plan(spec, [measure(str(file)) for file in files], PlanLimits())


def spans_between(bounds: Sequence[int]) -> list[Span]:
    """[0, a), [a, b), … and an open last span."""
    return [Span(start, end) for start, end in zip([0, *bounds], [*bounds, None], strict=True)]


def parts_of(made: Plan, files: Sequence[Path], scratch: Path, spans: Sequence[Span], *, warm: bool = False) -> list[Part]:
    """Each span for itself, last one first; or, warm, one after the other in one session."""
    paths = tuple(map(str, files))
    if warm:
        with closing(Session(made, paths, ffmpeg=tones.ffmpeg())) as session:
            return [session.encode((span,), str(scratch), lambda _: None)[0] for span in spans]
    parts: list[Part] = []
    for span in reversed(spans):
        with closing(Session(made, paths, ffmpeg=tones.ffmpeg())) as session:
            parts += session.encode((span,), str(scratch), lambda _: None)
    return parts


def artifact_of(
    wish: Wish, files: Sequence[Path], scratch: Path, bounds: Sequence[int] = (), *, warm: bool = False
) -> tuple[Path, Artifact]:
    """The finished file."""
    scratch.mkdir(exist_ok=True, parents=True)
    made = plan_of(wish, files)
    spans = spans_between(bounds) if bounds else [WHOLE]
    parts = parts_of(made, files, scratch, spans, warm=warm)
    artifact = assemble(Assemble(made, tuple(map(str, files)), tuple(parts), str(scratch)))
    return scratch / artifact.file, artifact
