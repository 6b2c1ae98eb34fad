"""`soundpath encode FILE 'f=mp3&ts=5' -o OUT`: the same plan and engine without a server."""

import argparse
import os
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl

from app.settings import Settings
from app.wiring import open_engine
from storage.blocking import off_loop
from storage.paths import resolve
from transforms.engine.run import RunOptions, run_plan
from transforms.params import parse
from transforms.plan import plan
from transforms.spec import FILE_FORMATS, Spec

BAR_WIDTH = 40


async def encode_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Encode with all cores into OUT, which appears when it is complete."""
    output: Path = arguments.output
    paths, spec = _read(arguments.file, arguments.query)
    options = RunOptions(cores=max(1, settings.workers), timeout_seconds=settings.job_timeout_seconds, progress=_bar)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_engine(settings))
        scratch = Path(stack.enter_context(TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-")))
        sources = {path: await engine.measure(str(path)) for path in dict.fromkeys(paths)}
        decided = plan(spec, [sources[path] for path in paths], settings.plan_limits)
        artifact = await run_plan(engine, decided, paths, scratch, options)
        await off_loop(shutil.copymode, arguments.file, scratch / artifact.file)
        os.replace(scratch / artifact.file, output)
    _bar(1.0)
    seconds = artifact.samples / artifact.sample_rate_hz
    sys.stderr.write(f"\n{output}: {seconds:.3f} s, {artifact.bitrate_kbps} kbps, {artifact.size_bytes} bytes\n")
    return 0


def _read(file: Path, query: str) -> tuple[list[Path], Spec]:
    """The spec, and the local file of each clip: appended paths lie below the folder of FILE."""
    folder = file.resolve().parent
    spec = parse("/" + file.name, parse_qsl(query, keep_blank_values=True))
    if spec.format not in FILE_FORMATS:
        raise ValueError(f"f={spec.format.value} is not made by this command, which makes {', '.join(FILE_FORMATS)}")
    paths = [file.resolve(), *(resolve(folder, clip.path) for clip in spec.clips[1:])]
    for path in paths:
        if not path.is_file():
            raise ValueError(f"{path} is not a file")
    return paths, spec


def _bar(share: float) -> None:
    """A progress bar on the terminal; nothing where there is none."""
    if sys.stderr.isatty():
        filled = int(share * BAR_WIDTH)
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {share:4.0%}")
        sys.stderr.flush()
