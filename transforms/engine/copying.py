"""Bytes from one file to another inside the kernel."""

import os
from typing import BinaryIO


def copy_bytes(source: BinaryIO, target: BinaryIO, start: int, size: int) -> None:
    """Append `size` bytes of `source` from `start` on to `target`."""
    target.flush()
    while size > 0:
        copied = os.sendfile(target.fileno(), source.fileno(), start, size)
        if copied == 0:
            raise EOFError("the source is shorter than its part says")
        start, size = start + copied, size - copied
