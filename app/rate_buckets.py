"""The buckets of rate limits, shared by all programs of a machine: a table of numbers in a file that each of them has in its memory.

A slot is the hash of a client and the time at which his bucket is full, by the machine's monotonic clock. Nobody waits for a lock: of two
programs that count the same client in the same microsecond one can be lost, and that is all.
"""

import mmap
import os
from hashlib import blake2b
from pathlib import Path
from typing import Final

SLOTS: Final = 2**17  # clients that are remembered; the buckets of others are full
NEIGHBOURS: Final = 4  # slots that a client may have
_SLOT_BYTES: Final = 16


class RateBuckets:
    """When each client's bucket is full. Without a file they are this program's alone."""

    def __init__(self, file: Path | None = None) -> None:
        table = _map(file)
        self._clients = memoryview(table).cast("q")
        self._full_at = memoryview(table).cast("d")

    def full_at(self, kind: str, client: str) -> float:
        """Monotonic seconds; 0 for a client that nobody remembers."""
        hashed, slots = _place(kind, client)
        return next((self._full_at[2 * slot + 1] for slot in slots if self._clients[2 * slot] == hashed), 0.0)

    def remember(self, kind: str, client: str, full_at: float) -> None:
        """In place of the neighbour whose bucket is full first."""
        hashed, slots = _place(kind, client)
        known = next((slot for slot in slots if self._clients[2 * slot] == hashed), None)
        slot = min(slots, key=lambda slot: self._full_at[2 * slot + 1]) if known is None else known
        self._clients[2 * slot] = hashed
        self._full_at[2 * slot + 1] = full_at


def _place(kind: str, client: str) -> tuple[int, tuple[int, ...]]:
    """A client's hash, and his slots."""
    hashed = int.from_bytes(blake2b(f"{kind}\0{client}".encode(), digest_size=8).digest(), signed=True)
    return hashed, tuple((hashed + step) % SLOTS for step in range(NEIGHBOURS))


def _map(file: Path | None) -> mmap.mmap:
    size_bytes = SLOTS * _SLOT_BYTES
    if file is None:
        return mmap.mmap(-1, size_bytes)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.ftruncate(descriptor, size_bytes)
        return mmap.mmap(descriptor, size_bytes)
    finally:
        os.close(descriptor)
