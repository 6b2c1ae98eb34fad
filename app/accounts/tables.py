"""Tables of accounts and their API keys."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table

from storage.db import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(7), primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
)

# The key itself is not here: only its SHA-256, which is enough to recognise 140 random bits and useless for anything else.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("account", String(7), ForeignKey("accounts.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger),
    Index("ix_api_keys_account", "account", "created_ms"),
)
