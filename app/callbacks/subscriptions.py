"""Account-wide subscriptions: URLs that are told of every job of the account that ends."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, delete, func, insert, select
from ulid import ULID

from app.callbacks.tables import callback_subscriptions as subscriptions
from app.signing.sealing import Sealing
from app.signing.webhooks import secret_text
from storage.db import Database, now_ms, take_turn

AT_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class Subscription:
    """One URL of an account."""

    id: str
    account: str
    url: str
    created_ms: int


class Subscriptions:
    """Makes, lists and ends them; knows the secrets that deliveries are signed with. Those are derived and not stored."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing

    async def add(self, account: str, url: str) -> Subscription:
        """Subscribe a URL that the caller has checked; raises ValueError when there are too many."""
        mine = select(func.count()).select_from(subscriptions).where(subscriptions.c.account == account)
        async with self._database.write() as connection:
            await take_turn(connection, f"subscriptions {account}")
            if (await connection.scalar(mine) or 0) >= AT_MOST:
                raise ValueError(f"an account has {AT_MOST} subscriptions at most")
            row = {"id": str(ULID()), "account": account, "url": url, "created_ms": now_ms()}
            stored = await connection.execute(insert(subscriptions).values(**row).returning(subscriptions))
            return _read(stored.one())

    async def list(self, account: str) -> list[Subscription]:
        """The account's subscriptions, oldest first."""
        query = select(subscriptions).where(subscriptions.c.account == account)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(subscriptions.c.created_ms, subscriptions.c.id))
            return [_read(row) for row in rows]

    async def end(self, account: str, subscription_id: str) -> bool:
        """Tell it nothing more. False: there is none."""
        which = (subscriptions.c.id == subscription_id, subscriptions.c.account == account)
        async with self._database.write() as connection:
            return bool((await connection.execute(delete(subscriptions).where(*which))).rowcount)

    def secret(self, account: str, subscription_id: str = "") -> str:
        """The Standard Webhooks secret of a subscription; without one, of the URLs that requests name with `callback=`."""
        return secret_text(self._sealing.derive(f"callbacks {account} {subscription_id}"))


def _read(row: Row[tuple[str, str, str, int]]) -> Subscription:
    return Subscription(row.id, row.account, row.url, row.created_ms)
