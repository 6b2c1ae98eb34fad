"""A disk that is small enough to be filled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.leftovers import DISK, own

SIZE_BYTES = 192 * 2**20
PIECE = bytes(2**20)


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A file system of its own, mounted at `folder`."""

    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        """Write until nothing more fits."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while file.write(PIECE):
                    pass
            except OSError:
                return

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)

    @property
    def free_bytes(self) -> int:
        facts = os.statvfs(self.folder)
        return facts.f_bavail * facts.f_frsize


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mount one; needs root, and raises CalledProcessError where that is not enough."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", own(DISK), str(folder)], check=True, capture_output=True)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
