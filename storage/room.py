"""Room on the local disk: asked for before something is written, and what it means when a write finds none."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import StoreFull


def require_room(folder: Path, size_bytes: int, reserve_bytes: int) -> None:
    """Raise StoreFull when so many bytes would eat into what is kept free of the disk that holds `folder`. Blocks."""
    free = shutil.disk_usage(folder).free
    if free < reserve_bytes + size_bytes:
        raise StoreFull(f"The disk has {free // 2**20} MiB left; {reserve_bytes // 2**20} MiB of them are kept free.")


@contextmanager
def failing_when_full() -> Iterator[None]:
    """Raise StoreFull for the system's ways to say that the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull("The disk is full.") from error
        raise
