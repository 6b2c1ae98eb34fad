"""`soundpath doctor`: is this machine fit to serve? Each line is ok, or says what to do."""

import argparse
import shutil
import sys
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.settings import Settings
from app.wiring import Services, open_engine, open_services
from storage.blocking import off_loop
from storage.db import now_ms
from storage.errors import StorageError
from transforms.engine.pool import Engine
from transforms.engine.run import RunOptions, run_plan
from transforms.engine.sandbox import EngineLimits, Sandbox
from transforms.errors import TransformError
from transforms.limits import PlanLimits
from transforms.params import parse
from transforms.plan import plan
from transforms.spec import FILE_FORMATS, Format

PROBE_RATE_HZ = 48_000
LOW_SPACE_BYTES = 2 * 2**30  # beyond the reserve: room for a few long jobs
CLOCK_TOLERANCE_SECONDS = 5
ENCODE_SECONDS = 60

Check = tuple[str, str | None]
"""What was looked at, and what to do about it; None when it is in order."""


async def doctor_command(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Print every check; 1 when something is to be done."""
    ill = 0
    async for name, advice in _checks(settings):
        ill += advice is not None
        sys.stdout.write(f"{name}: {advice or 'ok'}\n")
        sys.stdout.flush()
    return 1 if ill else 0


async def _checks(settings: Settings) -> AsyncIterator[Check]:
    for guard in (await off_loop(Sandbox.detect, EngineLimits())).describe():
        yield f"sandbox, {guard.name}", None if guard.active else guard.advice
    try:
        async with open_services(settings) as services:
            yield await _check_store(services)
            yield await _check_clock(services)
    except (OSError, StorageError, SQLAlchemyError) as error:
        yield f"data folder {settings.data_dir}", f"cannot be used: {error}"
        return
    yield _check_space(settings)
    async for check in _check_codecs(settings):
        yield check


async def _check_store(services: Services) -> Check:
    """Write, read back and delete an object."""
    with TemporaryDirectory(dir=services.settings.data_dir) as folder:
        file = Path(folder) / "probe"
        file.write_bytes(b"soundpath")
        await services.store.put_file("doctor/probe", file)
    content = b"".join([piece async for piece in services.store.read("doctor/probe")])
    await services.store.delete("doctor/probe")
    return "storage", None if content == b"soundpath" else "what was written is not what was read: check the disk"


async def _check_clock(services: Services) -> Check:
    """Leases live by the database's clock; it should be this machine's."""
    async with services.database.read() as connection:
        database_ms = await connection.scalar(select(now_ms()))
    apart = abs((database_ms or 0) / 1000 - time.time())
    return "database and clock", None if apart < CLOCK_TOLERANCE_SECONDS else f"the clocks are {apart:.0f} s apart: set them by NTP"


def _check_space(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.data_dir).free - settings.free_space_bytes
    name = f"disk space ({free // 2**20} MiB beyond the reserve)"
    return name, None if free >= LOW_SPACE_BYTES else "little is left: free some, or set SOUNDPATH_CACHE_LIMIT_BYTES"


async def _check_codecs(settings: Settings) -> AsyncIterator[Check]:
    """A second of silence through every codec, in the sandbox, as a job would."""
    try:
        async with open_engine(settings.model_copy(update={"workers": 1})) as engine:
            for format_ in FILE_FORMATS:
                yield await _check_codec(engine, format_)
    except TransformError as error:
        yield "engine", f"does not start: {error} {error.detail}"


async def _check_codec(engine: Engine, format_: Format) -> Check:
    name = f"codec {format_}"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "silence.wav"
        _write_silence(file)
        try:
            decided = plan(parse("/silence.wav", [("f", format_.value)]), [await engine.measure(str(file))], PlanLimits())
            await run_plan(engine, decided, [file], Path(folder), RunOptions(cores=1, timeout_seconds=ENCODE_SECONDS))
        except TransformError as error:
            return name, f"does not work: {error} {error.detail}"
    return name, None


def _write_silence(file: Path) -> None:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(PROBE_RATE_HZ)
        out.writeframes(bytes(4 * PROBE_RATE_HZ))
