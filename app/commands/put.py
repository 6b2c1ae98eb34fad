"""`soundpath put FILE /path/in/account`."""

import argparse
import shutil
import sys
from mimetypes import guess_type
from pathlib import Path
from tempfile import TemporaryDirectory

from app.files.records import UNKNOWN_MIME, Described
from app.settings import Settings
from app.wiring import open_services
from storage.blocking import off_loop


async def put_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Store a copy of a local file as an original; replacing one resets the variants made from it."""
    file: Path = arguments.file
    size_bytes = await off_loop(_size_bytes, file)
    async with open_services(settings) as services:
        await services.store.require_space(size_bytes)
        with TemporaryDirectory(dir=services.scratch_dir, prefix="put-") as folder:
            copy = Path(folder) / "original"
            await off_loop(shutil.copyfile, file, copy)
            described = Described(guess_type(file.name)[0] or UNKNOWN_MIME, file.name)
            stored = await services.files.files.publish(arguments.account, arguments.path, copy, described, may_overwrite=True)
    sys.stdout.write(f"/{arguments.account}/raw{stored.path} ({stored.size_bytes} bytes)\n")
    return 0


def _size_bytes(file: Path) -> int:
    if not file.is_file():
        raise ValueError(f"{file} is not a file")
    return file.stat().st_size
