"""A response body that the kernel copies from a file to the socket."""

import asyncio
from typing import IO, Final, cast

from aiohttp import Payload, web
from aiohttp.abc import AbstractStreamWriter

from app.web.http.bodies import OpenFile
from storage.blocking import off_loop, to_its_end

CHUNK_BYTES: Final = 256 * 1024


class FileSpan(Payload):
    """The bytes [start, end) of an open file.

    aiohttp's FileResponse stats, opens and closes the file in a thread for each request; here it is open already.
    """

    def __init__(self, request: web.Request, file: OpenFile, start: int, end: int) -> None:
        super().__init__(file)
        self._request = request
        self._file = file
        self._start = start
        self._size = end - start

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Never asked for: the bytes are audio."""
        raise TypeError("a span of a file has no text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it all, or fail with ConnectionError, which aiohttp takes for a client that left."""
        writer.send_headers()
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("The client left.")
        assert self._size is not None
        loop = asyncio.get_running_loop()
        try:
            sent = await loop.sendfile(transport, cast("IO[bytes]", self._file), self._start, self._size, fallback=False)
        except RuntimeError:
            # asyncio says so when sendfile cannot even begin: an odd file system or transport, or a client that has just left.
            await self._copy(writer, self._size)
            return
        if sent != self._size:
            # The length is promised already: only a broken connection tells the client that the file ended early.
            transport.abort()
            raise ConnectionResetError("The file became shorter while it was sent.")

    async def _copy(self, writer: AbstractStreamWriter, size_bytes: int) -> None:
        offset, end = self._start, self._start + size_bytes
        while offset < end:
            chunk = await to_its_end(off_loop(self._file.read, offset, min(CHUNK_BYTES, end - offset)))
            if not chunk:
                raise ConnectionResetError("The file became shorter while it was sent.")
            await writer.write(chunk)
            offset += len(chunk)
