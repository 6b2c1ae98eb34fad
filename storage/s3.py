"""The Store on an S3-compatible object store, by boto3 in threads (ENGINE 10).

Nothing but plain requests is relied upon: an object is put whole or by multipart upload, both of which S3 publishes at once; conditional
writes are not portable. An ETag is a fingerprint of the bytes, so the same bytes put twice keep theirs.
"""

import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from storage.aside import Aside
from storage.blocking import off_loop, to_its_end
from storage.errors import ObjectChanged, ObjectMissing, StoreUnavailable
from storage.paths import check_key
from storage.room import require_room
from storage.s3_errors import is_missing, translated
from storage.s3_listing import Place, facts, names_below, walk
from storage.store import ObjectStat

PIECE_BYTES: Final = 1 << 20
PART_BYTES: Final = 8 << 20
WHOLE_BYTES: Final = 16 << 20  # up to here one request is quicker than parts
PARTS_AT_ONCE: Final = 4
DELETED_AT_ONCE: Final = 1000  # what S3 takes in one request
LISTED_AT_ONCE: Final = 500
GONE: Final = "gone"
IMMUTABLE: Final = "private, max-age=31536000, immutable"
TYPES: Final = {".mp3": "audio/mpeg", ".aac": "audio/aac", ".wav": "audio/wav", ".m3u8": "application/vnd.apple.mpegurl"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """`prefix` is empty or ends with '/'; `endpoint` is None for AWS. Credentials and region are where boto3 looks for them."""

    name: str
    prefix: str = ""
    endpoint: str | None = None


class S3Store:
    """Objects below a bucket's prefix. Files that are lent to FFmpeg lie in `folder`, and are gone when the program is."""

    def __init__(self, bucket: Bucket, folder: Path, reserve_bytes: int = 0) -> None:
        self._reserve_bytes = reserve_bytes
        self._lent = Aside(folder)
        self._client = boto3.client(
            "s3",
            endpoint_url=bucket.endpoint,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                retries={"mode": "standard", "max_attempts": 3},
                connect_timeout=3,
                read_timeout=20,
                max_pool_connections=64,
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        self._place = Place(self._client, bucket.name, bucket.prefix)
        self._transfer = TransferConfig(multipart_threshold=WHOLE_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=PARTS_AT_ONCE)

    def close(self) -> None:
        """Leave nothing behind on the local disk."""
        self._lent.close()
        self._client.close()

    async def stat(self, key: str) -> ObjectStat | None:
        """The object's facts, or None when there is none."""
        check_key(key)
        try:
            with translated(key):
                return await off_loop(self._head, key)
        except ObjectMissing:
            return None

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) in pieces, all of one version; raises ObjectMissing."""
        check_key(key)
        with translated(key):
            if end is not None and end <= start:
                await off_loop(self._head, key)
                return
            body = (await off_loop(self._get, key, start, end))["Body"]
            async for piece in _pieces(body):
                yield piece

    @asynccontextmanager
    async def read_version(self, stat: ObjectStat, start: int, end: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes [start, end) of the very object that `stat` is about; raises ObjectChanged and ObjectMissing."""
        with translated(stat.key):
            answer = await off_loop(self._get, stat.key, start, end)
            async with aclosing(_pieces(answer["Body"])) as pieces:
                if answer["ETag"].strip('"') != stat.etag:
                    raise ObjectChanged("The file was replaced while it was being read. Ask again.")
                yield pieces

    async def put_file(self, key: str, path: Path) -> ObjectStat:
        """Publish a local file under the key, replacing what was there; the local file is consumed."""
        check_key(key)
        with translated(key):
            stat = await to_its_end(off_loop(self._put, key, path))
            await off_loop(path.unlink)
            return stat

    async def list(self, prefix: str) -> AsyncIterator[ObjectStat]:
        """Objects whose key starts with `prefix`, in key order."""
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        found = walk(self._place, prefix)
        with translated(prefix):
            while batch := await off_loop(lambda: list(islice(found, LISTED_AT_ONCE))):
                for one in batch:
                    yield one

    async def delete(self, prefix: str) -> int:
        """Delete the object `prefix`, or everything under it when it ends with '/'; returns how many."""
        check_key(prefix.removesuffix("/"))
        with translated(prefix):
            return await off_loop(self._delete_all if prefix.endswith("/") else self._delete_one, prefix)

    @asynccontextmanager
    async def borrow(self, key: str) -> AsyncIterator[Path]:
        """A local copy, for as long as the context lasts; raises ObjectMissing."""
        check_key(key)
        path = self._lent.new()
        try:
            with translated(key):
                await to_its_end(
                    off_loop(self._client.download_file, self._place.bucket, self._place.object_name(key), str(path), Config=self._transfer)
                )
            yield path
        finally:
            await off_loop(path.unlink, missing_ok=True)

    async def require_space(self, size_bytes: int) -> None:
        """Raise StoreFull when the local disk, on which everything is made first, has no room for so many bytes."""
        await off_loop(require_room, self._lent.folder, size_bytes, self._reserve_bytes)

    async def presigned_url(self, key: str, seconds: int, disposition: str | None = None) -> str:
        """A URL that reads the object without credentials for a while; `disposition` is the Content-Disposition of its answer."""
        place = {"Bucket": self._place.bucket, "Key": self._place.object_name(check_key(key))}
        if disposition is not None:
            place["ResponseContentDisposition"] = disposition
        url: str = await off_loop(self._client.generate_presigned_url, "get_object", Params=place, ExpiresIn=seconds)
        return url

    def _head(self, key: str) -> ObjectStat:
        found = self._client.head_object(Bucket=self._place.bucket, Key=self._place.object_name(key))
        return facts(key, found["ContentLength"], found)

    def _get(self, key: str, start: int, end: int | None) -> dict[str, Any]:
        span = {} if (start, end) == (0, None) else {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        try:
            answer: dict[str, Any] = self._client.get_object(Bucket=self._place.bucket, Key=self._place.object_name(key), **span)
            return answer
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 416:
                return {"Body": _Nothing(), "ETag": ""}
            raise

    def _put(self, key: str, path: Path) -> ObjectStat:
        headers = {"ContentType": TYPES.get(os.path.splitext(key)[1], "application/octet-stream"), "CacheControl": IMMUTABLE}
        self._client.upload_file(str(path), self._place.bucket, self._place.object_name(key), ExtraArgs=headers, Config=self._transfer)
        try:
            return self._head(key)
        except ClientError as error:
            if not is_missing(error):
                raise
            # Somebody has deleted it since: it was there, and nobody can compare what we say of it.
            return ObjectStat(key, path.stat().st_size, GONE, time.time_ns() // 1_000_000)

    def _delete_one(self, key: str) -> int:
        try:
            self._head(key)
        except ClientError as error:
            if is_missing(error):
                return 0
            raise
        self._client.delete_object(Bucket=self._place.bucket, Key=self._place.object_name(key))
        return 1

    def _delete_all(self, prefix: str) -> int:
        """Until nothing is listed any more: a listing that goes on while its objects vanish is not the same everywhere."""
        count = 0
        while batch := [{"Key": name} for name in islice(names_below(self._place, prefix[:-1]), DELETED_AT_ONCE)]:
            answer = self._client.delete_objects(Bucket=self._place.bucket, Delete={"Objects": batch, "Quiet": True})
            if left := answer.get("Errors"):
                raise StoreUnavailable(f"{len(left)} objects could not be deleted.")
            count += len(batch)
        return count


async def _pieces(body: Any) -> AsyncGenerator[bytes]:
    """A body, closed at the end. Closing waits for a read, and would stop the event loop until the server sends on or is given up."""
    try:
        while piece := await to_its_end(off_loop(body.read, PIECE_BYTES)):
            yield piece
    finally:
        body.close()


class _Nothing:
    """The body of a range behind the end."""

    def read(self, _size_bytes: int) -> bytes:
        return b""

    def close(self) -> None:
        return None
