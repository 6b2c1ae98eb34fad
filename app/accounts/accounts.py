"""Accounts: seven characters of base58, and what each may use."""

import re
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.tables import accounts
from storage.db import Database, insert_new, now_ms

BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ACCOUNT_PATTERN: Final = re.compile(f"[{BASE58}]{{7}}")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an account may use; None: no limit. Quota seconds are counted per calendar month (UTC), after the multiplier."""

    quota_seconds_per_month: int | None = None
    concurrent_jobs: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One account as it is now."""

    id: str
    created_ms: int
    allowance: Allowance


def random_account() -> str:
    """A name nobody has; 41 bits, so `Accounts.create` can still find it taken."""
    return "".join(secrets.choice(BASE58) for _ in range(7))


async def ensure_account(connection: AsyncConnection, account: str) -> bool:
    """Create the account in the caller's transaction unless it exists; whether it is new. Raises ValueError for a bad name."""
    if not ACCOUNT_PATTERN.fullmatch(account):
        raise ValueError(f"'{account}' is no account: it takes 7 characters of base58")
    made = await connection.execute(insert_new(connection, accounts).values(id=account, created_ms=now_ms()))
    return bool(made.rowcount)


class Accounts:
    """Creates accounts and says what they may use."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, account: str) -> None:
        """A new account; raises ValueError when the name is taken or is none."""
        async with self._database.write() as connection:
            if not await ensure_account(connection, account):
                raise ValueError(f"there is an account '{account}' already")

    async def list(self) -> list[Account]:
        """Every account, oldest first."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(accounts).order_by(accounts.c.created_ms, accounts.c.id))
            return [Account(row.id, row.created_ms, Allowance(row.quota_seconds_per_month, row.concurrent_jobs)) for row in rows]

    async def limit(self, account: str, allowance: Allowance) -> bool:
        """Set what the account may use; False: there is no such account."""
        values = {"quota_seconds_per_month": allowance.quota_seconds_per_month, "concurrent_jobs": allowance.concurrent_jobs}
        async with self._database.write() as connection:
            return bool((await connection.execute(update(accounts).where(accounts.c.id == account).values(**values))).rowcount)


async def allowance_of(connection: AsyncConnection, account: str) -> Allowance:
    """What an account may use, read in the caller's transaction; one that does not exist has no limits."""
    columns = (accounts.c.quota_seconds_per_month, accounts.c.concurrent_jobs)
    row = (await connection.execute(select(*columns).where(accounts.c.id == account))).one_or_none()
    return Allowance() if row is None else Allowance(*row)
