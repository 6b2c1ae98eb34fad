"""HLS originals: a playlist stored as an original is read as the one stream its segments make.

FFmpeg never gets a playlist (it would open whatever the list names). The list is parsed here, each segment is looked up as an
original of the same account, and their bytes are joined into one local file, which is what gets probed and decoded.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast
from urllib.parse import unquote, urljoin, urlsplit

import m3u8

from app.access.grants import allows
from app.errors import FileNotFound
from app.files.folders import Folders, FolderTree, below_prefix, parent_path
from app.files.originals import Original, Originals
from app.jobs.job import SourceVersion
from storage.blocking import off_loop
from storage.errors import InvalidKey
from storage.room import failing_when_full
from transforms.errors import TooLarge, UnsupportedInput

HEARD_AS = "audio"  # how variants are read
MARK = b"#EXTM3U"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COPY_BYTES = 2**20
MAX_LIST_BYTES = 4 * 2**20  # a 24-hour list of 2-second segments has about 2 MB


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A local media file, which may still be arriving, and every original it was made from."""

    path: Path
    made_from: tuple[SourceVersion, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Bytes [start, start + length) of one file of the account; length None means to its end."""

    path: str
    start: int = 0
    length: int | None = None

    def within(self, file_bytes: int) -> tuple[int, int]:
        """[start, end) in a file that may be shorter than the list says."""
        start = min(self.start, file_bytes)
        return start, file_bytes if self.length is None else min(start + self.length, file_bytes)


@asynccontextmanager
async def open_source(originals: Originals, folders: Folders, original: Original, scratch: Path) -> AsyncIterator[OpenedSource]:
    """Open an original for decoding; playlists are joined into a file below `scratch` first.

    Raises UnsupportedInput for playlists that cannot be read this way, or name what their readers may not read, TooLarge for more bytes
    than an original may have (a line of text can name any file again and again), and StoreFull.
    """
    version = SourceVersion(original.path, original.version)
    async with originals.open_early(original) as opened:
        await opened.want(0, len(BYTE_ORDER_MARK) + len(MARK))
        if not await off_loop(_is_playlist, opened.path):
            yield OpenedSource(opened.path, (version,))
            return
        path = await opened.whole()
        with TemporaryDirectory(dir=scratch, prefix="joined-") as folder:
            joined = Path(folder) / "stream"
            list_ = _List(originals, await folders.tree(original.account), original)
            made_from = await _join(list_, path, joined)
            yield OpenedSource(joined, (version, *made_from))


def _is_playlist(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(BYTE_ORDER_MARK) + len(MARK)).removeprefix(BYTE_ORDER_MARK).startswith(MARK)


@dataclass(frozen=True, slots=True)
class _List:
    """A playlist, and what its pieces are found with."""

    originals: Originals
    tree: FolderTree
    original: Original

    async def find(self, path: str) -> Original:
        """A piece; whether one exists that the list may not name is nobody's business."""
        if not may_name(self.tree, self.original.path, path):
            raise UnsupportedInput("The HLS playlist names a file that not all of its readers may read.", detail=path)
        try:
            return await self.originals.find(self.original.account, path)
        except (FileNotFound, InvalidKey) as error:
            raise UnsupportedInput("The HLS playlist names a file that does not exist.", detail=path) from error


def may_name(tree: FolderTree, listed: str, piece: str) -> bool:
    """Whether a playlist may name a file: everybody who hears the list may hear the file by itself.

    Whoever may upload could write a list. A public one names files that are as public; a private one those of its own folder and
    below, and public ones.
    """
    listed_as, piece_as = tree.public_downloads(listed), tree.public_downloads(piece)
    if allows(listed_as, HEARD_AS):
        return set(listed_as) <= set(piece_as)
    return allows(piece_as, HEARD_AS) or piece.startswith(below_prefix(parent_path(listed)))


async def _join(list_: _List, path: Path, joined: Path) -> tuple[SourceVersion, ...]:
    made_from: dict[SourceVersion, None] = {}
    playlist = _parse(await off_loop(_read_list, path))
    originals, base = list_.originals, list_.original.path
    if playlist.is_variant:
        base = _local_path(_best_stream(playlist), base)
        media = await list_.find(base)
        made_from[SourceVersion(media.path, media.version)] = None
        async with originals.open(media) as media_path:
            playlist = _parse(await off_loop(_read_list, media_path))
    joined_bytes = 0
    with failing_when_full(), joined.open("wb") as out:
        for piece in _pieces(playlist, base):
            segment = await list_.find(piece.path)
            start, end = piece.within(segment.size_bytes)
            joined_bytes += end - start
            if joined_bytes > originals.max_bytes:
                raise TooLarge(f"The files of the HLS playlist have more than {originals.max_bytes} bytes together.")
            await originals.require_space(end - start)
            made_from[SourceVersion(segment.path, segment.version)] = None
            async with originals.open(segment) as segment_path:
                await off_loop(_append, out, segment_path, start, end)
    return tuple(made_from)


def _read_list(path: Path) -> str:
    with path.open("rb") as file:
        text = file.read(MAX_LIST_BYTES + 1)
    if len(text) > MAX_LIST_BYTES:
        raise UnsupportedInput("The HLS playlist is too long.")
    return text.removeprefix(BYTE_ORDER_MARK).decode("utf-8", errors="replace")


def _parse(text: str) -> m3u8.M3U8:
    try:
        return cast(m3u8.M3U8, m3u8.loads(text))  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise UnsupportedInput("The HLS playlist is not valid.", detail=repr(error)) from error


def _best_stream(playlist: m3u8.M3U8) -> str:
    """The media playlist to hear: the default audio rendition where there is one, else the variant with the highest bandwidth."""
    audio = [media for media in playlist.media if media.type == "AUDIO" and media.uri]
    if audio:
        return str(next((media for media in audio if media.default == "YES"), audio[0]).uri)
    if not playlist.playlists:
        raise UnsupportedInput("The HLS playlist names no streams.")
    return str(max(playlist.playlists, key=lambda stream: stream.stream_info.bandwidth or 0).uri)


def _pieces(playlist: m3u8.M3U8, base: str) -> Iterator[_Piece]:
    """What to join, in order: each initialisation section where it changes, then the segments."""
    if not playlist.segments:
        raise UnsupportedInput("The HLS playlist has no segments.")
    section, ends = None, 0
    for segment in playlist.segments:
        if segment.key is not None and segment.key.method not in (None, "NONE"):
            raise UnsupportedInput("The HLS playlist is encrypted.")
        if segment.init_section is not None and segment.init_section != section:
            section = segment.init_section
            yield _piece(section.uri, section.byterange, base, 0)
        piece = _piece(segment.uri, segment.byterange, base, ends)
        ends = piece.start + (piece.length or 0)
        yield piece


def _piece(uri: str, byterange: str | None, base: str, follows: int) -> _Piece:
    """EXT-X-BYTERANGE is `length[@offset]`; without an offset it continues where the last one ended (RFC 8216 4.3.2.2)."""
    path = _local_path(uri, base)
    if not byterange:
        return _Piece(path)
    length, _, offset = byterange.partition("@")
    try:
        start, size_bytes = int(offset) if offset else follows, int(length)
        if min(start, size_bytes) < 0:
            raise ValueError("negative")
    except ValueError as error:
        raise UnsupportedInput("The HLS playlist has an invalid byte range.") from error
    return _Piece(path, start, size_bytes)


def _local_path(uri: str, base: str) -> str:
    """An account path from a playlist's URI; lists that lead elsewhere are refused."""
    parts = urlsplit(urljoin(base, uri or ""))
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        raise UnsupportedInput("The HLS playlist names files on other hosts; its segments must be files of the same account.")
    return unquote(parts.path)


def _append(out: BinaryIO, path: Path, start: int, end: int) -> None:
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (copied := file.read(min(COPY_BYTES, end - start))):
            out.write(copied)
            start += len(copied)
