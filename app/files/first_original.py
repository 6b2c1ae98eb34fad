"""A fresh install has one original to try: the demo, made at the first start."""

from pathlib import Path
from tempfile import TemporaryDirectory

from app.demo import synthesise
from app.errors import FileNotFound
from app.files.files import Files
from app.files.records import Described
from app.settings import DEFAULT_ACCOUNT
from storage.blocking import off_loop

DEMO_PATH = "/demo/first-light.wav"


async def ensure_demo(files: Files, scratch_dir: Path) -> None:
    """Store the demo unless the default account has it."""
    try:
        await files.details(DEFAULT_ACCOUNT, DEMO_PATH)
    except FileNotFound:
        with TemporaryDirectory(dir=scratch_dir, prefix="demo-") as folder:
            file = Path(folder) / "demo.wav"
            await off_loop(synthesise, file)
            await files.publish(DEFAULT_ACCOUNT, DEMO_PATH, file, Described("audio/wav"), may_overwrite=True)
