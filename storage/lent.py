"""Local files that are lent for a while: in a folder of this program's own, which the next program to start sweeps if this one dies."""

import shutil
from pathlib import Path

from ulid import ULID

from storage.alive import AliveMark, bury

ALIVE_SUFFIX = ".alive"


class LentFiles:
    """Names below `folder` for files of this program. Construction blocks, and takes away what the dead left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / str(ULID())
        self.folder.mkdir(parents=True)
        self._mark = AliveMark(self.folder.with_suffix(ALIVE_SUFFIX))
        for mark in folder.glob("*" + ALIVE_SUFFIX):
            with bury(mark) as dead:
                if dead:
                    shutil.rmtree(mark.with_suffix(""), ignore_errors=True)

    def new(self) -> Path:
        """A name that nobody else has."""
        return self.folder / str(ULID())

    def close(self) -> None:
        """Take everything away."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._mark.drop()
