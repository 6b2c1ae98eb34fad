"""Tables of callbacks: who wants to hear of an account's jobs, and every delivery with its fate."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from storage.db import metadata

callback_subscriptions = Table(
    "callback_subscriptions",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("account", String(7), ForeignKey("accounts.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("ix_callback_subscriptions_account", "account", "created_ms"),
)

# Written before the job ends (asked with `callback=`) or in the transaction that ends it: no end is ever missed.
callback_deliveries = Table(
    "callback_deliveries",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("account", String(7), nullable=False),
    Column("job_id", String(26), nullable=False),
    # Empty: asked for by the job's own URL.
    Column("subscription", String(26), nullable=False),
    Column("url", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_ms", BigInteger),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("created_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    UniqueConstraint("job_id", "subscription", "url", name="uq_callback_deliveries_once"),
    Index("ix_callback_deliveries_account", "account", "created_ms"),
    Index("ix_callback_deliveries_due", "due_ms"),
)
