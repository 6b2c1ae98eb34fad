"""What is in a folder: stored files, the library's, and folders that somebody has created, walked as one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

from app.errors import InvalidRequest
from app.files.buckets import BucketListing
from app.files.folders import Folders, FolderTree, below_prefix
from app.files.index import FileIndex
from app.files.layers import S3Layer, WebLayer
from app.files.library import library_files
from app.files.listing import Listing, list_page
from app.files.records import FileRecord
from app.settings import DEFAULT_ACCOUNT
from storage.blocking import off_loop


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of which folder. `cursor` as a page before it answered, empty for the first."""

    folder_path: str
    cursor: str
    limit: int
    recursive: bool


class Contents:
    """Lists folders."""

    def __init__(self, index: FileIndex, folders: Folders, buckets: BucketListing, library_dir: Path | None) -> None:
        self._index = index
        self._buckets = buckets
        self._folders = folders
        self._library_dir = library_dir

    async def page(self, account: str, asked: Page) -> tuple[Listing, str]:
        """A page, and the cursor of the next one. Folders that are kept elsewhere are in a page, what is in them is in pages of their own.

        Raises InvalidRequest for a cursor that is none of ours, and for a folder that cannot be listed.
        """
        tree = await self._folders.tree(account)
        position = _read_cursor(asked.cursor, below_prefix(asked.folder_path))

        async def walk(prefix: str, start: str, limit: int) -> list[FileRecord]:
            return await self._walk(account, tree, prefix, start, limit)

        listing = await list_page(walk, asked.folder_path, position, asked.limit, asked.recursive)
        return listing, urlsafe_b64encode(listing.position.encode()).decode()

    async def _walk(self, account: str, tree: FolderTree, prefix: str, start: str, limit: int) -> list[FileRecord]:
        created = [_empty(path) for path in sorted(below_prefix(path) for path in tree.folders) if path.startswith(prefix)]
        sources = [[folder for folder in created if folder.path != prefix and folder.path >= start][:limit]]
        placed = tree.place(prefix + "file")
        if isinstance(placed.layer, WebLayer):
            raise InvalidRequest(f"The folder '{placed.folder_path}' lies on a web server, and those cannot be listed.")
        if isinstance(placed.layer, S3Layer):
            sources.append(await self._buckets.walk(placed, prefix, start, limit))
        else:
            sources.append(await self._index.from_position(account, prefix, start, limit))
            if account == DEFAULT_ACCOUNT and self._library_dir is not None:
                sources.append(await off_loop(library_files, self._library_dir, prefix, start, limit))
        found: dict[str, FileRecord] = {}
        for record in merge(*sources, key=lambda record: record.path):
            found.setdefault(record.path, record)  # the first one stays: a stored file hides the library's
        return list(found.values())[:limit]


def _empty(folder: str) -> FileRecord:
    return FileRecord(folder, "", 0, 0)


def _read_cursor(cursor: str, prefix: str) -> str | None:
    if not cursor:
        return None
    try:
        position = urlsafe_b64decode(cursor.encode()).decode()
    except (Base64Error, ValueError) as error:
        raise InvalidRequest("The cursor is none that a listing has answered.") from error
    if not position.startswith(prefix[:-1]) or "\0" in position:
        raise InvalidRequest("The cursor belongs to another folder.")
    return max(position, prefix)
