"""A body as it comes in: bounded in bytes and in time, decompressed (bounded too) where the other side insists on compressing."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

import aiohttp

from storage.fetch.errors import FetchFailed, FetchTooLarge

CHUNK_BYTES: Final = 256 * 1024

_WINDOWS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Inflater:
    """Undoes a Content-Encoding in pieces of bounded size; raises FetchFailed for one we do not know, and for broken data."""

    def __init__(self, encoding: str) -> None:
        self._is_identity = encoding in ("", "identity")
        if not self._is_identity and encoding not in _WINDOWS:
            raise FetchFailed("The file comes in a compression that is not understood.")
        self._stream = zlib.decompressobj(_WINDOWS.get(encoding, zlib.MAX_WBITS))

    def feed(self, compressed: bytes) -> Iterator[bytes]:
        """Plain pieces of at most CHUNK_BYTES: a bomb is noticed long before it fills the memory."""
        if self._is_identity:
            yield compressed
            return
        rest = compressed
        while rest and not self._stream.eof:
            try:
                plain = self._stream.decompress(rest, CHUNK_BYTES)
            except zlib.error as error:
                raise FetchFailed("The file's compression is broken.") from error
            rest = self._stream.unconsumed_tail
            if plain:
                yield plain

    @property
    def is_complete(self) -> bool:
        """Whether the compressed stream has come to its own end."""
        return self._is_identity or self._stream.eof


async def read_body(response: aiohttp.ClientResponse, max_bytes: int, deadline: float) -> AsyncIterator[bytes]:
    """The plain bytes; `deadline` is of the loop's clock. Raises FetchTooLarge and FetchFailed."""
    inflater = Inflater(response.headers.get("Content-Encoding", "").strip().lower())
    received = produced = 0
    async for chunk in _chunks(response, deadline):
        received += len(chunk)
        for plain in inflater.feed(chunk):
            produced += len(plain)
            if max(received, produced) > max_bytes:
                raise FetchTooLarge(f"The file is larger than {max_bytes} bytes.")
            yield plain
    if not inflater.is_complete:
        raise FetchFailed("The file's compression ended early.")


async def _chunks(response: aiohttp.ClientResponse, deadline: float) -> AsyncIterator[bytes]:
    """What arrives, as it arrives."""
    try:
        while True:
            async with asyncio.timeout_at(deadline):
                chunk = await response.content.read(CHUNK_BYTES)
            if not chunk:
                return
            yield chunk
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise FetchFailed("The file's host broke off, or took too long.") from error
