"""Uploads in parts: begun, sent concurrently and out of order, resumed after a restart, and published when the last part is confirmed."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import structlog
from ulid import ULID

from app.errors import Conflict, FileAlreadyExists, Gone, InvalidRequest, Unauthorized
from app.files.claims import Claims
from app.files.files import Files
from app.files.records import Described, FileRecord
from app.files.upload_rows import Upload, UploadRows
from storage.blocking import off_loop, to_its_end
from storage.errors import ObjectMissing, StoreFull
from storage.parts import Assemblies, PartWriter, StillWriting

PART_BYTES: Final = 8 * 2**20  # as S3 has it, 5 MiB or more; 5 GB are 640 parts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What a client announces. `path` is final: variables are filled in."""

    account: str
    path: str
    size_bytes: int
    described: Described
    may_overwrite: bool


class Uploads:
    """Unfinished uploads. Their bytes wait beside the store, their rows in the database: any process can go on with them."""

    def __init__(self, rows: UploadRows, assemblies: Assemblies, files: Files, claims: Claims, lifetime_seconds: int) -> None:
        self._rows = rows
        self._assemblies = assemblies
        self._files = files
        self._claims = claims
        self._lifetime_seconds = lifetime_seconds
        self._sending: dict[tuple[str, int], asyncio.Future[str]] = {}

    async def begin(self, new: NewUpload) -> Upload:
        """Announce a file; raises StoreFull, FileAlreadyExists and Unauthorized (a read-only folder)."""
        await self._files.check_destination(new.account, new.path, may_overwrite=new.may_overwrite)
        await self._files.require_space(new.size_bytes)
        upload = Upload(
            id=str(ULID()),
            token=secrets.token_urlsafe(32),
            account=new.account,
            path=new.path,
            size_bytes=new.size_bytes,
            part_bytes=PART_BYTES,
            described=new.described,
            may_overwrite=new.may_overwrite,
            etag=None,
        )
        await self._rows.insert(upload, self._lifetime_seconds)
        await off_loop(self._assemblies.create, upload.id)
        return upload

    async def get(self, account: str, upload_id: str) -> Upload:
        """The account's upload; raises UploadNotFound."""
        return await self._rows.get(account, upload_id)

    async def remaining(self, upload: Upload) -> list[int]:
        """Parts that are not confirmed yet."""
        done = set(range(upload.part_count)) if upload.etag is not None else await self._rows.completed(upload.id)
        return [number for number in range(upload.part_count) if number not in done]

    async def receive(self, token: str, number: int, pieces: AsyncIterator[bytes]) -> str:
        """Take the bytes of a part; returns their ETag. The last one to send a part wins, until the part is confirmed.

        Raises UploadNotFound, Gone, Conflict, InvalidRequest (another length) and StoreFull, which ends the whole upload.
        """
        upload = await self._rows.by_token(token)
        upload.check_part(number)
        key = (upload.id, number)
        while (other := self._sending.get(key)) is not None and not other.done():  # a third one may have come meanwhile
            await _end(other)
        sending = asyncio.ensure_future(self._receive(upload, number, pieces))
        self._sending[key] = sending
        try:
            await asyncio.wait({sending})
        finally:
            await _end(sending)
            if self._sending.get(key) is sending:
                del self._sending[key]
        if sending.cancelled():
            raise Conflict(f"Part {number} was sent again meanwhile.")
        return sending.result()

    async def complete(self, upload: Upload, number: int, etag: str) -> str | None:
        """Confirm a part; the file's ETag when it was the last one, else None. May be said again.

        Raises Conflict, InvalidRequest, FileAlreadyExists, StorageError.
        """
        upload.check_part(number)
        if upload.etag is not None:
            return upload.etag
        completed = await self._rows.complete(upload.id, number, etag)
        if completed is None:
            if await self._rows.sent(upload.id, number) is None:
                raise Conflict(f"Part {number} has not been uploaded.")
            raise InvalidRequest(f"The ETag of part {number} is another one: send the part again, or confirm what its upload answered.")
        if completed < upload.part_count:
            return None
        async with self._claims.held(upload.account, f"upload {upload.id}"):
            return await self._finish(await self._rows.get(upload.account, upload.id))

    async def expire(self) -> int:
        """Drop uploads whose time is over, and what has no row at all; how many."""
        expired = await self._rows.delete_expired()
        # Looked at before the rows: what begins in between has its row first.
        names = await off_loop(self._assemblies.names)
        kept = await self._rows.ids()
        for name in names:
            if name not in kept:
                await off_loop(self._assemblies.drop, name)
        return len(expired)

    async def _receive(self, upload: Upload, number: int, pieces: AsyncIterator[bytes]) -> str:
        start, end = upload.range(number)
        await self._files.require_space(end - start)
        try:
            with PartWriter(self._assemblies.path(upload.id), start, end - start) as part:
                if not await self._rows.reopen(upload.id, number):
                    raise Gone(f"Part {number} is complete already.")
                etag = await _write(part, pieces)
            await self._rows.record(upload.id, number, etag)
        except StoreFull:
            await self._drop(upload)
            raise
        except (ObjectMissing, StillWriting) as error:
            raise Gone("This upload is finished.") from error
        return etag

    async def _finish(self, upload: Upload) -> str:
        """Publish, once: of those that race here the others find it done."""
        if upload.etag is not None:
            return upload.etag
        try:
            record = await self._publish(upload)
        except StillWriting as error:
            raise Conflict("A part is still being sent. Confirm it again afterwards.") from error
        except (FileAlreadyExists, Unauthorized):
            await self._drop(upload)
            raise
        await self._rows.finish(upload.id, record.etag)
        await off_loop(self._assemblies.drop, upload.id)
        return record.etag

    async def _publish(self, upload: Upload) -> FileRecord:
        if not await off_loop(self._assemblies.exists, upload.id):
            # A crash after publishing and before the row knew.
            return await self._files.adopt(upload.account, upload.path, upload.described)
        with self._assemblies.settled(upload.id) as content:
            return await self._files.publish(upload.account, upload.path, content, upload.described, may_overwrite=upload.may_overwrite)

    async def _drop(self, upload: Upload) -> None:
        await self._rows.delete(upload.id)
        await off_loop(self._assemblies.drop, upload.id)


async def _write(part: PartWriter, pieces: AsyncIterator[bytes]) -> str:
    """Write a part durably; returns its ETag. Raises InvalidRequest when it has another length."""
    digest = blake2b(digest_size=16)
    async for piece in pieces:
        if len(piece) > part.left_bytes:
            raise InvalidRequest("More bytes were sent than this part has.")
        digest.update(piece)
        await to_its_end(off_loop(part.write, piece))
    if part.left_bytes:
        raise InvalidRequest(f"{part.left_bytes} bytes of this part are missing.")
    await to_its_end(off_loop(part.sync))
    return digest.hexdigest()


async def _end(sending: "asyncio.Future[str]") -> None:
    """Cancel, and wait until it is over."""
    if not sending.done():
        sending.cancel()
        await asyncio.wait({sending})
