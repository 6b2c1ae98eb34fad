"""Public keys that an account registers: with the private ones its backend signs browser sessions."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, delete, func, insert, select
from ulid import ULID

from app.accounts.tables import session_certificates
from storage.db import Database, now_ms, take_turn

AT_MOST: Final = 20  # a token that names none is tried with each


@dataclass(frozen=True, slots=True)
class Certificate:
    """One registered public key, in PEM. `id` may stand in a token's `kid`."""

    id: str
    account: str
    name: str | None
    pem: str
    created_ms: int


class Certificates:
    """Registers, lists and withdraws them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: str, pem: str, name: str | None = None) -> Certificate:
        """Register a key that the caller has checked; raises ValueError when there are too many."""
        row = {"id": str(ULID()), "account": account, "name": name, "pem": pem}
        mine = select(func.count()).select_from(session_certificates).where(session_certificates.c.account == account)
        async with self._database.write() as connection:
            await take_turn(connection, f"certificates {account}")
            if (await connection.scalar(mine) or 0) >= AT_MOST:
                raise ValueError(f"an account has {AT_MOST} session certificates at most")
            stored = insert(session_certificates).values(**row, created_ms=now_ms()).returning(session_certificates)
            return _read((await connection.execute(stored)).one())

    async def list(self, account: str) -> list[Certificate]:
        """The account's keys, oldest first."""
        query = select(session_certificates).where(session_certificates.c.account == account)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(session_certificates.c.created_ms, session_certificates.c.id))
            return [_read(row) for row in rows]

    async def withdraw(self, account: str, certificate_id: str) -> bool:
        """End every session that was signed with it. False: there is none."""
        which = (session_certificates.c.id == certificate_id, session_certificates.c.account == account)
        async with self._database.write() as connection:
            return bool((await connection.execute(delete(session_certificates).where(*which))).rowcount)


def _read(row: Row[tuple[str, str, str | None, str, int]]) -> Certificate:
    return Certificate(row.id, row.account, row.name, row.pem, row.created_ms)
