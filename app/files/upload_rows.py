"""Rows of uploads and their parts."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, select, update

from app.errors import InvalidRequest, UploadNotFound
from app.files.records import Described
from app.files.tables import upload_parts, uploads
from storage.db import Database, insert_new, now_ms


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. `token` is what its upload URLs are made of; `etag` is set once the file is published."""

    id: str
    token: str
    account: str
    path: str
    size_bytes: int
    part_bytes: int
    described: Described
    may_overwrite: bool
    etag: str | None

    @property
    def part_count(self) -> int:
        """How many parts; an empty file has one, which is empty."""
        return max(1, -(-self.size_bytes // self.part_bytes))

    def range(self, number: int) -> tuple[int, int]:
        """The part's bytes [start, end)."""
        return number * self.part_bytes, min(self.size_bytes, (number + 1) * self.part_bytes)

    def check_part(self, number: int) -> None:
        """Raise InvalidRequest for a part that the upload does not have."""
        if not 0 <= number < self.part_count:
            raise InvalidRequest(f"This upload has the parts 0 to {self.part_count - 1}.")


class UploadRows:
    """Reads and writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, upload: Upload, lifetime_seconds: int) -> None:
        """Remember an upload that has begun."""
        values = {
            "id": upload.id,
            "token": upload.token,
            "account": upload.account,
            "path": upload.path,
            "size_bytes": upload.size_bytes,
            "part_bytes": upload.part_bytes,
            "mime": upload.described.mime,
            "original_name": upload.described.original_name,
            "metadata": dict(upload.described.metadata),
            "tags": list(upload.described.tags),
            "may_overwrite": int(upload.may_overwrite),
        }
        times = {"created_ms": now_ms(), "expires_ms": now_ms() + lifetime_seconds * 1000}
        async with self._database.write() as connection:
            await connection.execute(insert(uploads).values(**values, **times))

    async def get(self, account: str, upload_id: str) -> Upload:
        """The account's upload; raises UploadNotFound."""
        return await self._one(and_(uploads.c.id == upload_id, uploads.c.account == account))

    async def by_token(self, token: str) -> Upload:
        """The upload that an upload URL speaks of; raises UploadNotFound."""
        return await self._one(uploads.c.token == token)

    async def sent(self, upload_id: str, number: int) -> str | None:
        """The ETag of a part's bytes, or None when there are none."""
        async with self._database.read() as connection:
            return await connection.scalar(select(upload_parts.c.etag).where(_part(upload_id, number)))

    async def completed(self, upload_id: str) -> set[int]:
        """Numbers of confirmed parts."""
        done = select(upload_parts.c.number).where(upload_parts.c.upload_id == upload_id, upload_parts.c.is_complete == 1)
        async with self._database.read() as connection:
            return set(await connection.scalars(done))

    async def reopen(self, upload_id: str, number: int) -> bool:
        """Forget a part's bytes, they are about to be overwritten. False: the part is confirmed, or the upload over."""
        async with self._database.write() as connection:
            await connection.execute(delete(upload_parts).where(_part(upload_id, number), upload_parts.c.is_complete == 0))
            taken = await connection.scalar(select(upload_parts.c.number).where(_part(upload_id, number)))
            open_ = await connection.scalar(select(uploads.c.id).where(uploads.c.id == upload_id, uploads.c.etag.is_(None)))
        return taken is None and open_ is not None

    async def record(self, upload_id: str, number: int, etag: str) -> None:
        """The part's bytes are on disk."""
        async with self._database.write() as connection:
            await connection.execute(delete(upload_parts).where(_part(upload_id, number), upload_parts.c.is_complete == 0))
            row = {"upload_id": upload_id, "number": number, "etag": etag, "is_complete": 0}
            await connection.execute(insert_new(connection, upload_parts).values(row))

    async def complete(self, upload_id: str, number: int, etag: str) -> int | None:
        """Confirm a part by its ETag; returns how many are confirmed, None when no such bytes have come.

        One at a time for an upload: of two that confirm the last two parts, one has to see both.
        """
        mine = update(upload_parts).where(_part(upload_id, number), upload_parts.c.etag == etag)
        done = select(func.count()).where(upload_parts.c.upload_id == upload_id, upload_parts.c.is_complete == 1)
        async with self._database.write() as connection:
            await connection.execute(select(uploads.c.id).where(uploads.c.id == upload_id).with_for_update())
            confirmed = await connection.execute(mine.values(is_complete=1))
            return await connection.scalar(done) if confirmed.rowcount else None

    async def finish(self, upload_id: str, etag: str) -> None:
        """The file is published."""
        async with self._database.write() as connection:
            await connection.execute(update(uploads).where(uploads.c.id == upload_id).values(etag=etag))

    async def delete(self, upload_id: str) -> None:
        """Forget an upload and its parts."""
        async with self._database.write() as connection:
            await connection.execute(delete(uploads).where(uploads.c.id == upload_id))

    async def delete_expired(self) -> list[str]:
        """Forget those whose time is over; their ids."""
        async with self._database.write() as connection:
            gone = delete(uploads).where(uploads.c.expires_ms <= now_ms()).returning(uploads.c.id)
            return list(await connection.scalars(gone))

    async def ids(self) -> set[str]:
        """Every upload we know of."""
        async with self._database.read() as connection:
            return set(await connection.scalars(select(uploads.c.id)))

    async def _one(self, which: ColumnElement[bool]) -> Upload:
        async with self._database.read() as connection:
            row = (await connection.execute(select(uploads).where(which, uploads.c.expires_ms > now_ms()))).one_or_none()
        if row is None:
            raise UploadNotFound
        return _read(row)


def _part(upload_id: str, number: int) -> ColumnElement[bool]:
    return and_(upload_parts.c.upload_id == upload_id, upload_parts.c.number == number)


def _read(row: Row[tuple[object, ...]]) -> Upload:
    return Upload(
        id=row.id,
        token=row.token,
        account=row.account,
        path=row.path,
        size_bytes=row.size_bytes,
        part_bytes=row.part_bytes,
        described=Described(row.mime, row.original_name, row.metadata, tuple(row.tags)),
        may_overwrite=bool(row.may_overwrite),
        etag=row.etag,
    )
