"""Marks of life: a file that one running program keeps locked, so that others see at once when it died, `kill -9` included.

The kernel drops an flock with the last descriptor, which no program can forget to do. Descriptors are close-on-exec: children that
are started by exec do not keep their parent's mark.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AliveMark:
    """This program's own mark: locked from construction until `drop`, or until the program is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = _open_locked(path)

    def drop(self) -> None:
        """Take the mark away: from here on the program counts as dead."""
        if self._descriptor >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def bury(path: Path) -> Iterator[bool]:
    """True when the program of this mark is dead: its estate may then be settled inside of the context, which ends the mark.

    If the body fails, the mark stays and the next one to look settles the estate. A mark that does not exist says nothing
    (its program may live on another machine): False.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        dead = _try_lock(descriptor) and _is_still(path, descriptor)
        yield dead
        if dead:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def is_dead(path: Path) -> bool:
    """Whether the program of this mark is dead, its estate perhaps not settled yet. The mark stays. Unknown ones count as dead."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        return _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    """Create and lock; again if someone buried the file between the two."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_still(path, descriptor):
            return descriptor
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
