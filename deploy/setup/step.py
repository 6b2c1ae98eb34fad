"""A step of the set-up: run once, remembered by a stamp that holds the digest of everything the step depends on."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path


class SetupFailed(Exception):
    """The set-up cannot go on; the message says what the user can do."""


def digest(files: Iterable[Path], *words: str) -> str:
    """One hex digest of the files' names and contents, and of the words."""
    total = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        total.update(f"\0{file.name}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def once(stamp: Path, key: str, act: Callable[[], None]) -> None:
    """Run `act` unless the stamp already holds `key`. The stamp is written last, so an interrupted step runs again."""
    if stamp.is_file() and stamp.read_text() == key:
        return
    act()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)


def run(command: Sequence[str], what: str, cwd: Path | None = None, path: str | None = None) -> None:
    """Run a command with its output in sight, under another PATH if given; raises SetupFailed when it does not exit with 0."""
    print(f"{what} …", flush=True)
    env = {**os.environ, "PATH": path} if path else None
    if subprocess.run(command, cwd=cwd, env=env).returncode != 0:
        raise SetupFailed(f"{what} failed; its own message stands above.")
