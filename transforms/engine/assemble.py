"""Parts to an artifact: what stands in front of the frames, then the frames, copied inside the kernel."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from av import AudioLayout

from transforms.engine.copying import chunks, copy_bytes
from transforms.engine.cover import read_cover
from transforms.engine.messages import Artifact, Assemble, Part
from transforms.engine.mp3_frames import Mp3Header, frame_sizes, is_cbr
from transforms.engine.mp3_header import TOC_ENTRIES, Mp3Stream, info_frame, padding_samples
from transforms.engine.tags import id3v23
from transforms.engine.wav import wav_header
from transforms.errors import EngineFault
from transforms.plan import Plan, Rendition
from transforms.spec import ARTIFACT_NAMES, WAV_FAMILY, Format


def assemble(task: Assemble) -> Artifact:
    """Join the parts of the plan's only rendition into one file of the scratch folder. Raises EngineFault when parts are missing."""
    rendition = task.plan.renditions[0]
    parts = _in_order(task.parts, rendition.frames)
    files = [Path(task.scratch, part.file) for part in parts]
    size = sum(part.size_bytes for part in parts)
    samples = sum(part.samples for part in parts)
    name = ARTIFACT_NAMES[task.plan.format].lstrip("/")
    with open(Path(task.scratch, name), "wb") as artifact:
        artifact.write(_head(task, parts, files))
        for file, part in zip(files, parts, strict=True):
            with open(file, "rb") as source:
                copy_bytes(source, artifact, 0, part.size_bytes)
        artifact.write(_tail(task.plan.format, size))
    return Artifact(
        file=name,
        samples=samples,
        sample_rate_hz=rendition.sample_rate_hz,
        bitrate_kbps=_kbps(size, samples, rendition),
        size_bytes=Path(task.scratch, name).stat().st_size,
    )


def _in_order(parts: Sequence[Part], frames: int) -> list[Part]:
    """The parts by position; together they must be the whole encode."""
    ordered = sorted(parts, key=lambda part: part.span.start)
    starts = [part.span.start for part in ordered]
    ends = [part.span.end for part in ordered]
    if not ordered or starts != [0, *ends[:-1]] or (ends[-1] is not None and ends[-1] < frames):
        raise EngineFault("The output could not be put together.", detail=f"{frames} frames, spans {[part.span for part in ordered]}")
    return ordered


def _kbps(size_bytes: int, samples: int, rendition: Rendition) -> int:
    """What came out, over the sound's own length."""
    return round(size_bytes * 8 * rendition.sample_rate_hz / samples / 1000) if samples else 0


def _head(task: Assemble, parts: Sequence[Part], files: Sequence[Path]) -> bytes:
    """What stands in front of the frames."""
    if task.plan.format in WAV_FAMILY:
        samples = sum(part.samples for part in parts)
        return _wav_head(task.plan, samples)
    if task.plan.format is Format.MP3:
        primary = task.plan.sources[0]
        cover = read_cover(task.paths[0]) if primary.has_cover else None
        return id3v23(primary.title, primary.artist, primary.album, cover) + _info(task.plan.renditions[0], parts, files)
    return b""


def _tail(format_: Format, size_bytes: int) -> bytes:
    """RIFF chunks have even sizes."""
    return bytes(size_bytes % 2) if format_ in WAV_FAMILY else b""


def _wav_head(plan: Plan, samples: int) -> bytes:
    rendition = plan.renditions[0]
    speakers = tuple(channel.name for channel in AudioLayout(rendition.layout).channels)
    return wav_header(samples, rendition.sample_rate_hz, speakers, rf64=plan.format is Format.WAV_RF64)


def _info(rendition: Rendition, parts: Sequence[Part], files: Sequence[Path]) -> bytes:
    """The Info frame of an MP3, which makes its decoded length exact."""
    assert rendition.bitrate_kbps is not None
    frames = sum(part.frames for part in parts)
    samples = sum(part.samples for part in parts)
    size = sum(part.size_bytes for part in parts)
    with open(files[0], "rb") as first:
        header = Mp3Header(int.from_bytes(first.read(4), "big"))
    constant = is_cbr(rendition.bitrate_kbps, rendition.sample_rate_hz)
    return info_frame(
        header,
        Mp3Stream(
            frames=frames,
            size_bytes=size,
            padding_samples=padding_samples(frames, rendition.frame_samples, samples),
            bitrate_kbps=_kbps(size, frames * rendition.frame_samples, rendition),
            constant=constant,
            toc=[size * percent // TOC_ENTRIES for percent in range(TOC_ENTRIES)] if constant else _toc(files, frames),
        ),
    )


def _toc(files: Sequence[Path], frames: int) -> list[int]:
    """The byte at which each hundredth of the frames begins."""
    entries: list[int] = []
    position = 0
    for number, size in enumerate(_frame_sizes(files)):
        while len(entries) < TOC_ENTRIES and number >= len(entries) * frames // TOC_ENTRIES:
            entries.append(position)
        position += size
    return entries + [position] * (TOC_ENTRIES - len(entries))


def _frame_sizes(files: Sequence[Path]) -> Iterator[int]:
    for file in files:
        with open(file, "rb") as source:
            yield from frame_sizes(chunks(source))
