"""Rows 1 to 3: whole requests for encodes, against the ffmpeg command line that makes the same file."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.clock import Run, run_program
from bench.figures import Figure, Missing, Outcome, of_runs
from bench.inputs import FOLDER, song
from bench.machine import DEBIAN_FFMPEG, PACKAGED_FFMPEG
from bench.setting import Bench, address, artifact
from tests.service import Service

SCRATCH = FOLDER / "cli"
AAC = ("-c:a", "aac", "-b:a", "128k")
FAST = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "128k")
MP3 = ("-c:a", "libmp3lame", "-b:a", "128k")
QUERY = "br=128&sr=44.1"
# Since FFmpeg 7 the command line decodes and encodes in threads of their own; serial it is on one core alone.
ONE_CORE = ("taskset", "-c", "0")

Ask = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of our requests against one command. `ask` makes the URL of run n, each a variant of its own."""

    row: str
    what: str
    ask: Ask
    command: Sequence[str]
    floor: float | None = None
    goal: float | None = None


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """Rows 1 to 3."""
    if DEBIAN_FFMPEG is None:
        yield Missing("1–3", "encodes", "no ffmpeg on the PATH to compare with")
        return
    SCRATCH.mkdir(parents=True, exist_ok=True)
    async with bench.service("encodes") as service:
        for comparison in (*_long(bench, DEBIAN_FFMPEG), *_short(DEBIAN_FFMPEG)):
            yield await _compare(bench, service, comparison)


def _long(bench: Bench, system: str) -> list[Comparison]:
    """Rows 1 and 2."""
    minutes = bench.song_seconds // 60
    made = []
    for container in ("mp3", "flac", "m4a"):
        file = song(bench.song_seconds, container)
        title = f"{minutes}-min {container} → aac"
        ask = _asking(file, f"f=aac&{QUERY}", "/audio.aac")
        made.append(Comparison("1", f"{title}, against ffmpeg -c:a aac", ask, _cli(system, file, AAC), 3.3, 3.6))
        again = _asking(file, f"f=aac&{QUERY}&v=fast", "/audio.aac")
        made.append(Comparison("2", f"{title}, against -aac_coder fast", again, _cli(system, file, FAST), 1.75, 1.85))
    file = song(bench.song_seconds, "mp3")
    packaged = Comparison(
        "1",
        f"{minutes}-min mp3 → aac, against the packaged ffmpeg",
        _asking(file, f"f=aac&{QUERY}&v=p", "/audio.aac"),
        _cli(PACKAGED_FFMPEG, file, AAC),
    )
    mp3_command = _cli(PACKAGED_FFMPEG, song(bench.song_seconds, "flac"), MP3, "mp3")
    mp3 = Comparison(
        "2",
        f"{minutes}-min flac → mp3, against the packaged ffmpeg on one core",
        _asking(song(bench.song_seconds, "flac"), f"f=mp3&{QUERY}", "/audio.mp3"),
        [*ONE_CORE, *mp3_command],
        1.75,
        1.85,
    )
    mp3_threads = Comparison(
        "2",
        f"{minutes}-min flac → mp3, against the packaged ffmpeg with its threads",
        _asking(song(bench.song_seconds, "flac"), f"f=mp3&{QUERY}&v=t", "/audio.mp3"),
        mp3_command,
    )
    ogg = song(bench.song_seconds, "ogg")
    decoded = Comparison(
        "decode",
        f"{minutes}-min Ogg Vorbis → aac, decoded first, against -aac_coder fast",
        _asking(ogg, f"f=aac&{QUERY}", "/audio.aac"),
        _cli(system, ogg, FAST),
    )
    return [*made, packaged, decoded, mp3, mp3_threads, *_hls(bench, system)]


def _hls(bench: Bench, system: str) -> list[Comparison]:
    file, minutes = song(bench.song_seconds, "mp3"), bench.song_seconds // 60
    one = [
        system,
        "-v",
        "error",
        "-y",
        "-i",
        str(file),
        *FAST,
        "-f",
        "hls",
        "-hls_time",
        "4",
        "-hls_list_size",
        "0",
        str(SCRATCH / "one.m3u8"),
    ]
    three = [system, "-v", "error", "-y", "-i", str(file), *_rendition(64, 0), *_rendition(128, 1), *_rendition(256, 2)]
    asked = "br=64&sr=44.1&br=128&sr=44.1&br=256&sr=44.1"
    return [
        Comparison(
            "2", f"{minutes}-min mp3 → hls-aac, against -f hls", _asking(file, f"f=hls-aac&{QUERY}", "/audio.m3u8"), one, 1.75, 1.85
        ),
        Comparison(
            "2",
            f"{minutes}-min mp3 → three renditions, against -f hls",
            _asking(file, f"f=hls-aac&{asked}", "/audio.m3u8"),
            three,
            1.75,
            1.85,
        ),
    ]


def _rendition(kbps: int, number: int) -> list[str]:
    options = ["-map", "0:a", "-c:a", "aac", "-aac_coder", "fast", "-b:a", f"{kbps}k", "-f", "hls", "-hls_time", "4", "-hls_list_size", "0"]
    return [*options, str(SCRATCH / f"three-{number}.m3u8")]


def _short(system: str) -> list[Comparison]:
    """Row 3."""
    made = []
    for seconds, name, floor, goal in ((180, "3-min song", 2.5, 3.3), (5, "5-s clip", 1.0, 2.0)):
        file = song(seconds, "mp3")
        ask = _asking(file, f"f=aac&{QUERY}", "/audio.aac")
        made.append(Comparison("3", f"{name} → aac, against ffmpeg -c:a aac", ask, _cli(system, file, AAC), floor, goal))
    return made


def _asking(file: Path, query: str, name: str) -> Ask:
    return lambda number: address(file, f"{query}&version={number}{'' if 'v=' not in query else query[-1]}&a={name}")


def _cli(ffmpeg: str, file: Path, codec: Sequence[str], suffix: str = "aac") -> list[str]:
    return [ffmpeg, "-v", "error", "-y", "-i", str(file), "-map", "0:a:0", *codec, str(SCRATCH / f"cli.{suffix}")]


async def _compare(bench: Bench, service: Service, comparison: Comparison) -> Figure:
    """Both sides in turn: what disturbs one of a pair is likely to disturb the other."""
    ours: list[Run] = []
    theirs: list[Run] = []
    for number in range(bench.pairs if comparison.row != "3" else 2 * bench.pairs + 1):
        theirs.append(await asyncio.to_thread(run_program, comparison.command))
        ours.append(await artifact(service, comparison.ask(number)))
    ratios = [their.wall_seconds / our.wall_seconds for our, their in zip(ours, theirs, strict=True)]
    cpu = median(their.cpu_seconds for their in theirs) / median(our.cpu_seconds for our in ours)
    seconds = f"{median(run.wall_seconds for run in ours):.3g} s against {median(run.wall_seconds for run in theirs):.3g} s"
    notes = f"{seconds}; per CPU second {cpu:.2f} ×"
    return of_runs(comparison.row, comparison.what, ratios, "×", floor=comparison.floor, goal=comparison.goal, notes=notes)
