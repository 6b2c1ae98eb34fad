"""Accounts and API keys: `secret_` + account + random, or `public_…`, in base58. A key is shown once and stored as its hash."""

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from sqlalchemy import Row, insert, or_, select, update
from ulid import ULID

from app.accounts.tables import accounts, api_keys
from storage.db import Database, insert_new, now_ms

BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
RANDOM_CHARACTERS: Final = 24  # 140 bits
LAST_USED_STEP_MS: Final = 60_000  # a busy key must not write on every request

ACCOUNT_PATTERN: Final = re.compile(f"[{BASE58}]{{7}}")
KEY_PATTERN: Final = re.compile(f"(secret|public)_([{BASE58}]{{7}})[{BASE58}]{{{RANDOM_CHARACTERS}}}")


class KeyKind(StrEnum):
    """What a key may do: public ones upload and download, secret ones everything (CONTRACT 7)."""

    SECRET = "secret"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key, without the key. Times are epoch milliseconds; `last_used_ms` is right to a minute."""

    id: str
    account: str
    kind: KeyKind
    created_ms: int
    last_used_ms: int | None


class ApiKeys:
    """Creates, lists and recognises keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure_account(self, account: str) -> None:
        """Create the account unless it exists; raises ValueError when it is not seven characters of base58."""
        if not ACCOUNT_PATTERN.fullmatch(account):
            raise ValueError(f"'{account}' is no account: it takes 7 characters of base58")
        async with self._database.write() as connection:
            await connection.execute(insert_new(connection, accounts).values(id=account, created_ms=now_ms()))

    async def create(self, account: str, kind: KeyKind) -> tuple[ApiKey, str]:
        """A new key of the account (created if need be), and its text, which nobody can read again."""
        await self.ensure_account(account)
        text = f"{kind}_{account}" + "".join(secrets.choice(BASE58) for _ in range(RANDOM_CHARACTERS))
        row = {"id": str(ULID()), "account": account, "kind": kind, "sha256": _hash(text), "created_ms": now_ms()}
        async with self._database.write() as connection:
            stored = await connection.execute(insert(api_keys).values(**row).returning(api_keys))
            return _read_key(stored.one()), text

    async def list(self, account: str) -> list[ApiKey]:
        """The account's keys, oldest first."""
        query = select(api_keys).where(api_keys.c.account == account).order_by(api_keys.c.created_ms, api_keys.c.id)
        async with self._database.read() as connection:
            return [_read_key(row) for row in await connection.execute(query)]

    async def find(self, text: str) -> ApiKey | None:
        """The key a client shows, or None; remembers that it was used."""
        if not KEY_PATTERN.fullmatch(text):
            return None
        async with self._database.read() as connection:
            stale = or_(api_keys.c.last_used_ms.is_(None), api_keys.c.last_used_ms < now_ms() - LAST_USED_STEP_MS)
            query = select(api_keys, stale.label("stale")).where(api_keys.c.sha256 == _hash(text))
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if row.stale:
            async with self._database.write() as connection:
                await connection.execute(update(api_keys).where(api_keys.c.id == row.id).values(last_used_ms=now_ms()))
        return _read_key(row)


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _read_key(row: Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(row.id, row.account, KeyKind(row.kind), row.created_ms, row.last_used_ms)
