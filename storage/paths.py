"""The one rule for paths and keys, and the one resolver of a path inside a folder.

A path is what a client writes (`/music/talk.mp3`); a key is what the store knows (`originals/W142hJk/music/talk.mp3`). Both are
'/'-separated, non-empty segments, and neither can ever name something outside of its root.
"""

import os
from pathlib import Path

from storage.errors import InvalidKey

MAX_SEGMENT_BYTES = 255  # NAME_MAX of Linux file systems
MAX_PATH_BYTES = 900  # what a key adds around a path must fit into MAX_KEY_BYTES
MAX_KEY_BYTES = 1024  # the longest key S3 takes


def check_path(path: str) -> str:
    """Return the path unchanged when it is absolute and safe; raises InvalidKey with a sentence for the client."""
    if not path.startswith("/"):
        raise InvalidKey(f"The path '{_shown(path)}' must begin with '/'.")
    _check(path[1:], "path", path, MAX_PATH_BYTES)
    return path


def check_key(key: str) -> str:
    """Return the key unchanged when it is relative and safe; raises InvalidKey."""
    _check(key, "key", key, MAX_KEY_BYTES)
    return key


def resolve(root: Path, path: str) -> Path:
    """The real file or folder that `path` names inside of `root`, whether or not it exists; raises InvalidKey.

    Symbolic links are followed first and judged by where they end, so that none leads out of the root.
    """
    inside = Path(os.path.realpath(root))
    target = Path(os.path.realpath(inside / check_path(path)[1:]))
    if not target.is_relative_to(inside):
        raise InvalidKey(f"The path '{_shown(path)}' leads out of its folder.")
    return target


def _check(relative: str, noun: str, whole: str, max_bytes: int) -> None:
    shown = _shown(whole)
    try:
        encoded = whole.encode()
    except UnicodeEncodeError:
        raise InvalidKey(f"The {noun} '{shown}' is not valid UTF-8.") from None
    if len(encoded) > max_bytes:
        raise InvalidKey(f"The {noun} '{shown}' is longer than {max_bytes} bytes.")
    if "\0" in whole or "\\" in whole:
        raise InvalidKey(f"The {noun} '{shown}' holds a NUL or a backslash.")
    for segment in relative.split("/"):
        if segment in ("", ".", ".."):
            raise InvalidKey(f"The {noun} '{shown}' has an empty, '.' or '..' segment.")
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            raise InvalidKey(f"The {noun} '{shown}' has a segment of more than {MAX_SEGMENT_BYTES} bytes.")


def _shown(text: str) -> str:
    """A short, printable form for messages."""
    printable = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return printable if len(printable) <= 80 else printable[:77] + "..."
