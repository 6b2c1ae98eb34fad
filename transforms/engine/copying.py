"""Bytes of one file for another, inside the kernel, or in pieces for who looks at them."""

import os
from collections.abc import Iterator
from typing import BinaryIO

CHUNK_BYTES = 1 << 16


def copy_bytes(source: BinaryIO, target: BinaryIO, start: int, size: int) -> None:
    """Append `size` bytes of `source` from `start` on to `target`."""
    target.flush()
    while size > 0:
        copied = os.sendfile(target.fileno(), source.fileno(), start, size)
        if copied == 0:
            raise EOFError("the source is shorter than its part says")
        start, size = start + copied, size - copied


def chunks(source: BinaryIO) -> Iterator[bytes]:
    """The rest of a file in pieces."""
    return iter(lambda: source.read(CHUNK_BYTES), b"")
