"""Tables of accounts, their API keys and the public keys that their browser sessions are signed with."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from storage.db import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(7), primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
    # Null: no limit. Quota seconds are those of app.metering, after the multiplier.
    Column("quota_seconds_per_month", BigInteger),
    Column("concurrent_jobs", Integer),
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
    Column("name", Text),
    # Null: everything its kind may do, also what later versions add.
    Column("scopes", JSON(none_as_null=True)),
    # From then on nobody is let in with it: by its age, by a rotation, or because it was revoked.
    Column("expires_ms", BigInteger),
    Index("ix_api_keys_account", "account", "created_ms"),
)

session_certificates = Table(
    "session_certificates",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("account", String(7), ForeignKey("accounts.id"), nullable=False),
    Column("name", Text),
    Column("pem", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("ix_session_certificates_account", "account", "created_ms"),
)
