"""How orders are worked: many files deleted or copied, folders with all that is in them, caches reset."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.errors import FileNotFound, Unauthorized
from app.files.contents import Contents, Page
from app.files.files import Copied, Files
from app.files.folders import Folders, below_prefix
from app.files.layers import InternalLayer
from app.files.records import FileRecord
from app.jobs.job import Job
from app.jobs.orders import COPY_FILES, COPY_FOLDERS, DELETE_FILES, DELETE_FOLDERS, DONE, RESET_CACHE, work_of
from app.jobs.retention import Retention
from app.metering import FREE
from app.produce import Produced

Report = Callable[[float], None]

PAGE_FILES: Final = 500


@dataclass(frozen=True, slots=True)
class Depot:
    """What orders are worked with."""

    files: Files
    contents: Contents
    folders: Folders
    retention: Retention


class OrderWork:
    """Works orders. Each may be worked again from the start: what is done already is found done."""

    def __init__(self, depot: Depot) -> None:
        self._depot = depot
        self._kinds: Mapping[str, Callable[[str, Any, Report], Awaitable[None]]] = {
            RESET_CACHE: self._reset_cache,
            DELETE_FILES: self._delete_files,
            COPY_FILES: self._copy_files,
            DELETE_FOLDERS: self._delete_folders,
            COPY_FOLDERS: self._copy_folders,
        }

    async def work(self, job: Job, report: Report) -> Produced:
        """Do what the order asks for; raises what files and folders raise."""
        await self._kinds[job.type](job.account, work_of(job), report)
        return Produced(DONE, (), FREE, frozenset({job.attempt}))

    async def _reset_cache(self, account: str, work: Any, _report: Report) -> None:
        if not (work["reset_permanent_cache"] or work["reset_edge_cache"]):
            return
        path, is_prefix = cache_pattern(work["pattern"])
        if path is None:
            return
        if is_prefix:
            await self._depot.retention.retire_prefix(account, path)
        else:
            await self._depot.retention.retire_path(account, path)

    async def _delete_files(self, account: str, work: Any, report: Report) -> None:
        for done, path in enumerate(work["files"]):
            await self._delete(account, path)
            report(done / len(work["files"]))

    async def _copy_files(self, account: str, work: Any, report: Report) -> None:
        for done, each in enumerate(work["files"]):
            to = each["destination"]
            await self._depot.files.copy(account, each["source"], to, _copied(each), may_overwrite=each["may_overwrite"])
            report(done / len(work["files"]))

    async def _delete_folders(self, account: str, work: Any, _report: Report) -> None:
        for each in work["folders"]:
            path = each["folder_path"]
            if each["delete_files"] and await self._is_ours(account, path):
                async for record in self._files_in(account, path, recursive=each["recursive"]):
                    await self._delete(account, record.path)
            if each["delete_virtual_folders"]:
                await self._depot.folders.delete(account, path, recursive=each["recursive"])

    async def _copy_folders(self, account: str, work: Any, _report: Report) -> None:
        for each in work["folders"]:
            source, destination = each["source"], each["destination"]
            if each["copy_virtual_folders"]:
                await self._depot.folders.copy_below(account, source, destination, recursive=each["recursive"])
            if each["copy_files"] and (each["copy_overridden_storage"] or await self._is_ours(account, source)):
                async for record in self._files_in(account, source, recursive=each["recursive"]):
                    target = below_prefix(destination) + record.path.removeprefix(below_prefix(source))
                    await self._depot.files.copy(account, record.path, target, _copied(each), may_overwrite=each["may_overwrite"])

    async def _is_ours(self, account: str, folder_path: str) -> bool:
        """Whether what is in a folder is kept here: what is kept elsewhere is read only, and copied only when that is said."""
        return isinstance((await self._depot.folders.tree(account)).place(below_prefix(folder_path) + "file").layer, InternalLayer)

    async def _delete(self, account: str, path: str) -> None:
        """What is gone already is as it should be; what is kept elsewhere stays."""
        try:
            await self._depot.files.delete(account, path)
        except (FileNotFound, Unauthorized):
            return

    async def _files_in(self, account: str, folder_path: str, *, recursive: bool) -> AsyncIterator[FileRecord]:
        """Every file of a folder, page by page: positions stay good while files behind them go."""
        cursor = ""
        while True:
            listing, cursor = await self._depot.contents.page(account, Page(folder_path, cursor, PAGE_FILES, recursive))
            for item in listing.items:
                if isinstance(item, FileRecord):
                    yield item
            if listing.is_last:
                return


def cache_pattern(pattern: str) -> tuple[str | None, bool]:
    """The path of originals that a pattern speaks of, and whether it is a prefix: '/audio/dir/*' → ('/dir/', True).

    None: nothing of that kind is cached for good ('/raw/…', '/image/…').
    """
    is_prefix = pattern.endswith("*")
    text = pattern.removesuffix("*")
    _, segment, rest = [*text.split("/", 2), "", ""][:3]
    if "/" not in text[1:]:
        # '/*', '/au*': the delivery itself is left open.
        return ("/", True) if is_prefix and "audio".startswith(segment) else (None, False)
    return ("/" + rest, is_prefix) if segment == "audio" else (None, False)


def _copied(each: Any) -> Copied:
    metadata, tags = each.get("metadata") or {}, each.get("tags") or {}
    return Copied(
        metadata=metadata.get("value"),
        merge_metadata=bool(metadata.get("merge")),
        tags=None if tags.get("value") is None else tuple(tags["value"]),
        merge_tags=bool(tags.get("merge")),
    )
