"""`soundpath put FILE /path/in/account`."""

import argparse
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from app.settings import Settings
from app.wiring import open_services
from storage.blocking import off_loop


async def put_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Store a copy of a local file as an original; replacing one resets the variants made from it."""
    file: Path = arguments.file
    size_bytes = await off_loop(_size_bytes, file)
    async with open_services(settings) as services:
        await services.store.require_space(size_bytes)
        with TemporaryDirectory(dir=settings.scratch_dir, prefix="put-") as folder:
            copy = Path(folder) / "original"
            await off_loop(shutil.copyfile, file, copy)
            original = await services.originals.put(arguments.account, arguments.path, copy)
        reset = await services.retention.retire_path(arguments.account, arguments.path)
    note = f", {reset} variants reset" if reset else ""
    sys.stdout.write(f"/{original.account}/raw{original.path} ({original.size_bytes} bytes{note})\n")
    return 0


def _size_bytes(file: Path) -> int:
    if not file.is_file():
        raise ValueError(f"{file} is not a file")
    return file.stat().st_size
