"""API keys: `secret_` + account + random, or `public_…`, in base58. A key is shown once and stored as its hash."""

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from app.accounts.accounts import BASE58, ensure_account
from app.accounts.permissions import ALLOWED, KeyKind, Permission
from app.accounts.tables import api_keys
from storage.db import Database, now_ms, take_turn

RANDOM_CHARACTERS: Final = 24  # 140 bits
LAST_USED_STEP_MS: Final = 60_000  # a busy key must not write on every request

KEY_PATTERN: Final = re.compile(f"(secret|public)_([{BASE58}]{{7}})[{BASE58}]{{{RANDOM_CHARACTERS}}}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is made with. `scopes` None: all its kind can have, also what later versions add. `expires_ms` None: never."""

    account: str
    kind: KeyKind
    name: str | None = None
    scopes: frozenset[Permission] | None = None
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key, without the key. Times are epoch milliseconds; `last_used_ms` is right to a minute."""

    id: str
    account: str
    kind: KeyKind
    created_ms: int
    last_used_ms: int | None
    name: str | None = None
    scopes: frozenset[Permission] | None = None
    expires_ms: int | None = None
    is_expired: bool = False

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the key may do."""
        return ALLOWED[self.kind] if self.scopes is None else self.scopes & ALLOWED[self.kind]


class ApiKeys:
    """Creates, lists, rotates, revokes and recognises keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure_account(self, account: str) -> bool:
        """Create the account unless it exists, and tell; raises ValueError when it is not seven characters of base58."""
        async with self._database.write() as connection:
            return await ensure_account(connection, account)

    async def create(self, account: str, kind: KeyKind, name: str | None = None) -> tuple[ApiKey, str]:
        """A new key that may do all its kind can, and its text, which nobody can read again. Creates the account if need be."""
        return await self.create_from(NewKey(account, kind, name))

    async def create_from(self, new: NewKey) -> tuple[ApiKey, str]:
        """The same, in every detail."""
        async with self._database.write() as connection:
            await ensure_account(connection, new.account)
            return await _insert(connection, new)

    async def create_first(self, account: str) -> tuple[str, str] | None:
        """The texts of a secret and a public key for an account that never had any; None when it has. Of racing programs one gets them."""
        async with self._database.write() as connection:
            await ensure_account(connection, account)
            await take_turn(connection, f"first keys {account}")
            if await connection.scalar(select(api_keys.c.id).where(api_keys.c.account == account).limit(1)) is not None:
                return None
            (_, secret), (_, public) = [await _insert(connection, NewKey(account, kind)) for kind in (KeyKind.SECRET, KeyKind.PUBLIC)]
            return secret, public

    async def rotate(self, account: str, key_id: str, overlap_seconds: int) -> tuple[ApiKey, str] | None:
        """A new key of the same kind, name and scopes; the old one is good for `overlap_seconds` more. None: no such key."""
        old = await self.get(account, key_id)
        if old is None or old.is_expired:
            return None
        made = await self.create_from(NewKey(account, old.kind, old.name, old.scopes))
        await self._expire(account, key_id, overlap_seconds * 1000)
        return made

    async def revoke(self, account: str, key_id: str) -> bool:
        """End a key now. False: no such key."""
        return await self._expire(account, key_id, 0)

    async def list(self, account: str) -> list[ApiKey]:
        """The account's keys, oldest first; those that have ended too."""
        query = select(api_keys, _IS_EXPIRED).where(api_keys.c.account == account).order_by(api_keys.c.created_ms, api_keys.c.id)
        async with self._database.read() as connection:
            return [_read_key(row) for row in await connection.execute(query)]

    async def get(self, account: str, key_id: str) -> ApiKey | None:
        """The account's key of this id, ended or not."""
        return await self._one(api_keys.c.id == key_id, api_keys.c.account == account)

    async def find(self, text: str) -> ApiKey | None:
        """The key a client shows, ended or not, or None; remembers that it was used."""
        if not KEY_PATTERN.fullmatch(text):
            return None
        stale = or_(api_keys.c.last_used_ms.is_(None), api_keys.c.last_used_ms < now_ms() - LAST_USED_STEP_MS)
        async with self._database.read() as connection:
            query = select(api_keys, _IS_EXPIRED, stale.label("stale")).where(api_keys.c.sha256 == _hash(text))
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if row.stale and not row.is_expired:
            async with self._database.write() as connection:
                await connection.execute(update(api_keys).where(api_keys.c.id == row.id).values(last_used_ms=now_ms()))
        return _read_key(row)

    async def _one(self, *conditions: ColumnElement[bool]) -> ApiKey | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(api_keys, _IS_EXPIRED).where(*conditions))).one_or_none()
        return None if row is None else _read_key(row)

    async def _expire(self, account: str, key_id: str, delay_ms: int) -> bool:
        """Let it end after the delay; a key that ends earlier keeps its end."""
        end = now_ms() + delay_ms
        which = and_(api_keys.c.id == key_id, api_keys.c.account == account)
        later = or_(api_keys.c.expires_ms.is_(None), api_keys.c.expires_ms > end)
        async with self._database.write() as connection:
            known = await connection.scalar(select(api_keys.c.id).where(which))
            await connection.execute(update(api_keys).where(which, later).values(expires_ms=end))
        return known is not None


_IS_EXPIRED: Final = and_(api_keys.c.expires_ms.is_not(None), api_keys.c.expires_ms <= now_ms()).label("is_expired")


async def _insert(connection: AsyncConnection, new: NewKey) -> tuple[ApiKey, str]:
    text = f"{new.kind}_{new.account}" + "".join(secrets.choice(BASE58) for _ in range(RANDOM_CHARACTERS))
    row = {
        "id": str(ULID()),
        "account": new.account,
        "kind": new.kind,
        "sha256": _hash(text),
        "name": new.name,
        "scopes": None if new.scopes is None else sorted(new.scopes),
        "expires_ms": new.expires_ms,
    }
    stored = await connection.execute(insert(api_keys).values(**row, created_ms=now_ms()).returning(api_keys, _IS_EXPIRED))
    return _read_key(stored.one()), text


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _read_key(row: Row[Any]) -> ApiKey:
    scopes = None if row.scopes is None else frozenset(Permission(scope) for scope in row.scopes)
    return ApiKey(
        id=row.id,
        account=row.account,
        kind=KeyKind(row.kind),
        created_ms=row.created_ms,
        last_used_ms=row.last_used_ms,
        name=row.name,
        scopes=scopes,
        expires_ms=row.expires_ms,
        is_expired=bool(row.is_expired),
    )
