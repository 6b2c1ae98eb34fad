"""The index of stored files: their details by path, and walks in path order that stay fast however many there are."""

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.files.records import FileRecord
from app.files.tables import files
from storage.db import Database, insert_new


class FileIndex:
    """Rows about files in the store. Written after the bytes: a row is never ahead of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, account: str, path: str) -> FileRecord | None:
        """The file's row, or None."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(files).where(files.c.account == account, files.c.path == path))).one_or_none()
        return None if row is None else _read(row)

    async def put(self, account: str, record: FileRecord) -> None:
        """Write or replace a row."""
        async with self._database.write() as connection:
            await _put(connection, account, record)

    async def delete(self, account: str, path: str) -> bool:
        """Forget a row; whether there was one."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(files).where(files.c.account == account, files.c.path == path))
        return gone.rowcount > 0

    async def from_position(self, account: str, prefix: str, position: str, limit: int) -> list[FileRecord]:
        """Files whose path begins with `prefix` (which ends with '/') and is not before `position`, in byte order of their paths."""
        after_all = prefix[:-1] + chr(ord("/") + 1)
        query = select(files).where(files.c.account == account, files.c.path >= position, files.c.path < after_all)
        async with self._database.read() as connection:
            return [_read(row) for row in await connection.execute(query.order_by(files.c.path).limit(limit))]


async def _put(connection: AsyncConnection, account: str, record: FileRecord) -> None:
    values = {
        "etag": record.etag,
        "size_bytes": record.size_bytes,
        "mime": record.mime or "",
        "original_name": record.original_name,
        "metadata": dict(record.metadata),
        "tags": list(record.tags),
        "modified_ms": record.modified_ms,
    }
    inserted = await connection.execute(insert_new(connection, files).values(account=account, path=record.path, **values))
    if not inserted.rowcount:
        mine = files.update().where(files.c.account == account, files.c.path == record.path)
        await connection.execute(mine.values(**values))


def _read(row: Row[tuple[object, ...]]) -> FileRecord:
    return FileRecord(
        path=row.path,
        etag=row.etag,
        size_bytes=row.size_bytes,
        modified_ms=row.modified_ms,
        mime=row.mime or None,
        original_name=row.original_name,
        metadata=row.metadata,
        tags=tuple(row.tags),
    )
