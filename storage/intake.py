"""Bytes that arrive in pieces become a local file: bounded, flat in memory, and gone again when anything goes wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from storage.blocking import off_loop, to_its_end
from storage.room import failing_when_full

SPACE_CHECK_BYTES: Final = 64 * 2**20


class TooManyBytes(Exception):
    """More arrived than was allowed."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"more than {max_bytes} bytes")
        self.max_bytes = max_bytes


@dataclass(frozen=True, slots=True)
class Intake:
    """How much may arrive, and who is asked for room on the way (raises StoreFull)."""

    max_bytes: int
    require_space: Callable[[int], Awaitable[None]]


async def receive_file(pieces: AsyncIterator[bytes], path: Path, intake: Intake) -> int:
    """Write what arrives to `path`; returns how many bytes. Raises TooManyBytes and StoreFull, and leaves no file then."""
    try:
        with failing_when_full(), await off_loop(path.open, "xb") as file:
            return await _copy(pieces, file, intake)
    except BaseException:
        await to_its_end(off_loop(path.unlink, missing_ok=True))
        raise


async def _copy(pieces: AsyncIterator[bytes], file: BinaryIO, intake: Intake) -> int:
    size_bytes = 0
    checked_bytes = 0
    async for piece in pieces:
        size_bytes += len(piece)
        if size_bytes > intake.max_bytes:
            raise TooManyBytes(intake.max_bytes)
        if size_bytes >= checked_bytes:
            await intake.require_space(SPACE_CHECK_BYTES)
            checked_bytes += SPACE_CHECK_BYTES
        await to_its_end(off_loop(file.write, piece))
    return size_bytes
