"""A response body that comes from elsewhere and passes through: nothing of it is kept here."""

from typing import Final

from aiohttp import Payload
from aiohttp.abc import AbstractStreamWriter

from app.files.originals import Original, Originals
from storage.errors import StorageError


class RemoteSpan(Payload):
    """The bytes [start, end) of a remote original."""

    def __init__(self, originals: Originals, original: Original, start: int, end: int) -> None:
        super().__init__(original)
        self._originals: Final = originals
        self._original: Final = original
        self._start = start
        self._size = end - start

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Never asked for: the bytes are audio."""
        raise TypeError("a span of a remote file has no text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Pass it on; raises ConnectionError when the origin fails, because the length is promised already."""
        assert self._size is not None
        left_bytes = self._size
        try:
            async with self._originals.read_remote(self._original, self._start, self._start + self._size) as pieces:
                async for piece in pieces:
                    left_bytes -= len(piece)
                    await writer.write(piece)
        except StorageError as error:
            raise ConnectionResetError("The file's origin broke off.") from error
        if left_bytes:
            raise ConnectionResetError("The file's origin sent less than it promised.")
