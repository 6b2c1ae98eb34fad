"""Rows 4 to 6: the engine by itself, in this process: segments against the serial CLI, seeks, measuring lengths."""

import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench.clock import run_program
from bench.figures import Figure, Missing, Outcome, of_runs
from bench.inputs import FOLDER, bare_mp3, song
from bench.machine import DEBIAN_FFMPEG, PACKAGED_FFMPEG
from bench.setting import Bench
from transforms.engine.messages import Span
from transforms.engine.session import Session
from transforms.limits import PlanLimits
from transforms.plan import Plan, plan
from transforms.probe.source import measure as measure_source
from transforms.spec import Clip, Format, Spec, Variant

SCRATCH = FOLDER / "engine"
SEGMENT_FRAMES = 172  # 4 s at 44.1 kHz
FIRST_FRAMES = 43  # the first segment of a playlist: 1 s
SEEK_MINUTE = 55


async def measure(bench: Bench) -> AsyncIterator[Outcome]:
    """Rows 4 to 6."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    for outcome in (*_segments(bench), *_seeks(bench), *_lengths(bench)):
        yield outcome
    shutil.rmtree(SCRATCH)


def hls_plan(file: Path) -> Plan:
    """One rendition of 128 kbps at 44.1 kHz."""
    spec = Spec(Format.HLS_AAC, (Clip(str(file), 1),), (Variant(128, 44_100),), None, None)
    return plan(spec, [measure_source(str(file))], PlanLimits())


def _segments(bench: Bench) -> Sequence[Outcome]:
    if DEBIAN_FFMPEG is None:
        return [Missing("4", "4-s segments", "no ffmpeg on the PATH to compare with")]
    found: list[Outcome] = []
    for container in ("mp3", "flac", "m4a"):
        file = song(600, container)
        made = hls_plan(file)
        bounds = [*range(0, made.renditions[0].frames, SEGMENT_FRAMES)]
        spans = [*(Span(start, end) for start, end in pairwise(bounds)), Span(bounds[-1], None)]
        options = ("-map", "0:a:0", "-c:a", "aac", "-aac_coder", "fast", "-b:a", "128k")
        command = [DEBIAN_FFMPEG, "-v", "error", "-y", "-i", str(file), *options, str(SCRATCH / "cli.aac")]
        ratios = []
        for _ in range(bench.pairs):
            theirs = run_program(command).cpu_seconds
            ratios.append(_cpu_of(made, file, spans) / theirs)
        what = f"{container}: CPU as 4-s segments, against ffmpeg -aac_coder fast, serial"
        found.append(of_runs("4", what, ratios, "×", better="lower", floor=1.10, goal=1.05))
    return found


def _cpu_of(made: Plan, file: Path, spans: Sequence[Span]) -> float:
    """Processor seconds to encode the spans in order."""
    began = time.process_time()
    with closing(Session(made, (str(file),), ffmpeg=PACKAGED_FFMPEG)) as session:
        for span in spans:
            session.encode((span,), str(SCRATCH), lambda _: None)
    return time.process_time() - began


def _seeks(bench: Bench) -> Sequence[Outcome]:
    """A session that is new to the file each time, as after a player's first seek."""
    found = []
    minutes = bench.song_seconds // 60
    minute = SEEK_MINUTE if bench.full else minutes - 1
    for container in ("mp3", "flac", "m4a"):
        file = song(bench.song_seconds, container)
        made = hls_plan(file)
        far_frame = minute * 60 * 44_100 // 1024
        ratios = []
        for _ in range(8 * bench.pairs):
            near = _seconds_of(made, file, Span(0, SEGMENT_FRAMES))
            far = _seconds_of(made, file, Span(far_frame, far_frame + SEGMENT_FRAMES))
            ratios.append(far / near)
        what = f"{container}: 4-s segment at minute {minute} of {minutes}, against minute 0 (CPU)"
        found.append(of_runs("5", what, ratios, "×", better="lower", floor=1.5, goal=1.2))
    return found


def _seconds_of(made: Plan, file: Path, span: Span) -> float:
    return _cpu_of(made, file, [span])


def _lengths(bench: Bench) -> Sequence[Outcome]:
    """Row 6: packets counted where the header does not tell, and headers that do."""
    seconds = bench.song_seconds
    found: list[Outcome] = []
    for name, file in (("mp3 without Xing", bare_mp3(seconds)), ("ADTS", song(seconds, "aac"))):
        runs = []
        for _ in range(bench.pairs):
            began = time.process_time()
            measure_source(str(file))
            runs.append((time.process_time() - began) * 3600 / seconds)
        found.append(of_runs("6", f"exact length of {seconds // 60}-min {name}", runs, "CPU s/h", better="lower", floor=1.0, goal=0.8))
    for container in ("mp3", "flac", "m4a"):
        file = song(seconds, container)
        runs = []
        for _ in range(10):
            began = time.perf_counter()
            measure_source(str(file))
            runs.append((time.perf_counter() - began) * 1000)
        middle = median(runs)
        what = f"warm probe of {seconds // 60}-min {container}, exact length included"
        found.append(Figure("6", what, middle, "ms", "lower", 20, 5, (min(runs), max(runs))))
    return found
