"""Local files that no other program uses: on their way in or out, or lent for a while. Whoever starts next sweeps those of the dead."""

import shutil
from pathlib import Path

from ulid import ULID

from storage.alive import AliveMark, bury

ALIVE_SUFFIX = ".alive"


class Aside:
    """Names below `folder` for files of this program. Construction blocks, and takes away what the dead left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / str(ULID())
        # The mark comes first: a program that dies before it has a folder leaves nothing that nobody would find.
        self._mark = AliveMark(self.folder.with_suffix(ALIVE_SUFFIX))
        self.folder.mkdir()
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
