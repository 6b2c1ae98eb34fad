"""Publishing on a POSIX file system so that a crash at any moment leaves the old state or the new one, never a part."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

# A deleter may take an emptied folder away between our mkdir and our rename: try again, but not for ever.
RENAME_ATTEMPTS = 100

# A writer that had found its folder when that was renamed away still puts its file there; there are few of these moments.
REMOVE_ATTEMPTS = 100


def publish(source: Path, target: Path) -> os.stat_result:
    """Move a file of the same file system under its final name, durably, replacing what was there; returns its stat.

    The modification time is set to now in nanoseconds: the file system's own clock ticks in milliseconds, too coarse for an ETag.
    """
    now_ns = time.time_ns()
    os.utime(source, ns=(now_ns, now_ns))
    _sync(source)
    facts = os.stat(source)
    changed = {target.parent}
    for attempt in range(1, RENAME_ATTEMPTS + 1):
        changed.update(_make_folders(target.parent))
        try:
            os.rename(source, target)
            break
        except FileNotFoundError:
            if attempt == RENAME_ATTEMPTS or not source.exists():
                raise
    # Names are made durable last: between mkdir and rename it would only give others time to take the folder away.
    for folder in changed:
        sync_folder(folder)
    return facts


def publish_copy(source: Path, aside: Path, target: Path) -> os.stat_result:
    """The same for a file of another file system, by a copy at `aside`: nothing stays there, and the file goes when it is published."""
    try:
        shutil.copyfile(source, aside, follow_symlinks=False)
        facts = publish(aside, target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    source.unlink()
    return facts


def make_folders(folder: Path) -> None:
    """`mkdir -p` whose new names survive a crash."""
    for changed in _make_folders(folder):
        sync_folder(changed)


def remove_empty_folders(folder: Path, top: Path) -> None:
    """Take away `folder` and its parents below `top` as far as they are empty."""
    while folder != top:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return  # not empty
        folder = folder.parent


def remove_tree(folder: Path) -> None:
    """Take away a folder that has just been renamed, with what late writers still put into it."""
    for attempt in range(1, REMOVE_ATTEMPTS + 1):
        try:
            shutil.rmtree(folder)
            return
        except OSError:
            if attempt == REMOVE_ATTEMPTS:
                raise


def sync_folder(folder: Path) -> None:
    """Make the names of a folder durable; one that has gone needs no care."""
    with suppress(FileNotFoundError):
        _sync(folder)


def _make_folders(folder: Path) -> list[Path]:
    """Create what is missing; returns the folders that got a new name in them."""
    missing: list[Path] = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        # Somebody else made it, or a parent has just been taken away again: the caller's rename will notice.
        with suppress(FileExistsError, FileNotFoundError):
            os.mkdir(path)
    return [path.parent for path in missing]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
