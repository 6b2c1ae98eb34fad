"""Scopes and ends of keys, session certificates, signing keys, callbacks, and what accounts may use."""

import sqlalchemy as sa
from alembic import op

revision = "0003_accounts"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("accounts", sa.Column("quota_seconds_per_month", sa.BigInteger()))
    op.add_column("accounts", sa.Column("concurrent_jobs", sa.Integer()))
    op.add_column("api_keys", sa.Column("name", sa.Text()))
    op.add_column("api_keys", sa.Column("scopes", sa.JSON()))
    op.add_column("api_keys", sa.Column("expires_ms", sa.BigInteger()))
    _signatures()
    _callbacks()
    _reservations()


def _signatures() -> None:
    op.create_table(
        "session_certificates",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session_certificates"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_session_certificates_account_accounts"),
    )
    op.create_index("ix_session_certificates_account", "session_certificates", ["account", "created_ms"])
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("sealed_private_key", sa.Text(), nullable=False),
        sa.Column("public_jwk", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_signing_keys"),
    )


def _callbacks() -> None:
    op.create_table(
        "callback_subscriptions",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_callback_subscriptions"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_callback_subscriptions_account_accounts"),
    )
    op.create_index("ix_callback_subscriptions_account", "callback_subscriptions", ["account", "created_ms"])
    op.create_table(
        "callback_deliveries",
        *(sa.Column(name, sa.String(size), nullable=False) for name, size in (("id", 26), ("account", 7), ("job_id", 26))),
        sa.Column("subscription", sa.String(26), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_ms", sa.BigInteger()),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_error", sa.Text()),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_callback_deliveries"),
        sa.UniqueConstraint("job_id", "subscription", "url", name="uq_callback_deliveries_once"),
    )
    op.create_index("ix_callback_deliveries_account", "callback_deliveries", ["account", "created_ms"])
    op.create_index("ix_callback_deliveries_due", "callback_deliveries", ["due_ms"])


def _reservations() -> None:
    op.create_table(
        "quota_reservations",
        sa.Column("job_id", sa.String(26), nullable=False),
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("quota_units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_quota_reservations"),
    )
    op.create_index("ix_quota_reservations_account", "quota_reservations", ["account"])
