"""Folders that lie in buckets: whose they are, and what is in them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.errors import Conflict
from app.files.folders import CREDENTIALS, Placed
from app.files.layers import S3Layer
from app.files.records import FileRecord
from app.signing.sealing import Sealing
from storage.blocking import off_loop
from storage.errors import InvalidKey
from storage.fetch.fetcher import Fetcher, FetchLimits, FetchRequest
from storage.paths import check_path
from storage.s3_origin import BucketKeys, OriginBucket, problem_with
from storage.s3_origin_listing import MAX_PAGE_BYTES, ListedObject, ObjectPage, presign_list, read_page

OK: Final = 200
LIMITS: Final = FetchLimits(max_bytes=MAX_PAGE_BYTES, answer_seconds=20, total_seconds=30)
_GREATEST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class BucketFolder:
    """A folder of an account, and the bucket it lies in."""

    layer: S3Layer
    folder_path: str
    bucket: OriginBucket
    keys: BucketKeys


def open_bucket(sealing: Sealing, placed: Placed) -> BucketFolder:
    """The bucket of a folder whose layer is one, with its credentials."""
    layer = placed.layer
    assert isinstance(layer, S3Layer)
    assert placed.credentials is not None
    opened = json.loads(sealing.open(CREDENTIALS, placed.credentials))
    return BucketFolder(layer, placed.folder_path, _bucket_of(layer), BucketKeys(**opened))


def problem_with_bucket(layer: S3Layer, credentials: Mapping[str, str]) -> str | None:
    """Why nothing can be asked of a bucket before it is one of a folder; None where it can."""
    return problem_with(_bucket_of(layer), BucketKeys(**credentials))


def _bucket_of(layer: S3Layer) -> OriginBucket:
    return OriginBucket(layer.bucket, layer.region, layer.endpoint, layer.path_style)


class BucketListing:
    """Lists buckets through the guarded fetcher."""

    def __init__(self, fetcher: Fetcher, sealing: Sealing) -> None:
        self._fetcher = fetcher
        self._sealing = sealing

    async def walk(self, placed: Placed, prefix: str, position: str, limit: int) -> list[FileRecord]:
        """Files whose path begins with `prefix` (which ends with '/') and is not before `position`, in byte order of their paths.

        Raises Conflict when the bucket refuses, FetchError and StoreUnavailable when it does not answer.
        """
        folder = open_bucket(self._sealing, placed)
        base = folder.layer.key(prefix, folder.folder_path)
        after = "" if position <= prefix else base + _before(position).removeprefix(prefix)
        found: list[FileRecord] = []
        while len(found) < limit:
            page = await self._page(folder, base, after)
            records = (_record(prefix + each.key.removeprefix(base), each) for each in page.objects)
            found += [record for record in records if record is not None and record.path >= position]
            if page.is_last or not page.objects:
                break
            after = page.objects[-1].key
        return found[:limit]

    async def _page(self, folder: BucketFolder, base: str, after: str) -> ObjectPage:
        url = await off_loop(presign_list, folder.bucket, folder.keys, base, after)
        async with self._fetcher.ask(url, FetchRequest(limits=LIMITS)) as fetched:
            if fetched.status != OK:
                raise Conflict(f"The bucket answered with the status {fetched.status}: its credentials may not list it.")
            return read_page(b"".join([piece async for piece in fetched.read()]))


def _before(position: str) -> str:
    """A text that nothing stands behind before `position`: buckets begin after a key, we at one."""
    last = position[-1]
    return position[:-1] if last == "\x01" else position[:-1] + chr(ord(last) - 1) + _GREATEST


def _record(path: str, listed: ListedObject) -> FileRecord | None:
    """A path that ends with '/' is a marker of a folder. None: a key that is no path of ours."""
    try:
        check_path(path.removesuffix("/"))
    except InvalidKey:
        return None
    return FileRecord(path, listed.etag, listed.size_bytes, listed.modified_ms)
