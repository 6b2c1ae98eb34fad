"""`python3 -m deploy.setup run|test`: makes the tree ready to serve, or to be tested. Does nothing when nothing has changed."""

import argparse
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.setup import debian, npm, venv
from deploy.setup.step import SetupFailed

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Two makes at once take turns; the lock goes with the process, so a killed set-up blocks nobody."""
    folder = root / ".cache"
    folder.mkdir(exist_ok=True)
    with (folder / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare(root: Path, purpose: str) -> None:
    """Bring the tree at `root` up to `purpose`: "run" or "test" (which is run, and more). Raises SetupFailed."""
    with _alone(root):
        venv.ensure(root)
        venv.install(root, "requirements.txt")
        if purpose == "test":
            venv.install(root, "requirements-dev.txt")
        venv.install_project(root)
        npm.ensure_player(root)
        if purpose == "test":
            npm.ensure_browser_tests(root)
            debian.ensure_test_commands()


def main() -> int:
    """Exit status 0, or 1 with one sentence that says what to do."""
    parser = argparse.ArgumentParser(prog="python3 -m deploy.setup", description=__doc__)
    parser.add_argument("purpose", choices=["run", "test"])
    try:
        prepare(ROOT, parser.parse_args().purpose)
    except SetupFailed as failure:
        print(f"Set-up stopped: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
