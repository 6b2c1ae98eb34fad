"""Owners: the programs that work jobs. Each holds a mark of life, so that after `kill -9` its jobs are known to be free at once."""

from pathlib import Path

from ulid import ULID

from storage.alive import AliveMark

MARK_SUFFIX = ".lock"


class Owner:
    """This program as an owner of jobs. `id` is new at each start; `folder` is shared by the programs of one machine."""

    def __init__(self, folder: Path) -> None:
        self.id = str(ULID())
        self._mark = AliveMark(folder / (self.id + MARK_SUFFIX))

    def close(self) -> None:
        """Stop being an owner: release the jobs first."""
        self._mark.drop()


def owner_marks(folder: Path) -> dict[str, Path]:
    """Owner ids of this machine, dead or alive, and their marks."""
    return {mark.name.removesuffix(MARK_SUFFIX): mark for mark in sorted(folder.glob("*" + MARK_SUFFIX))}
