"""The first tables: jobs, ledger, accounts and keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LIVE = "status IN ('Cancelling', 'Created', 'Pending', 'Rollback', 'Running')"
CACHED = "status IN ('Succeeded') AND retired_ms IS NULL"


def upgrade() -> None:
    """Apply."""
    _accounts()
    _jobs()
    _job_indexes()
    _ledger()


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(7), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_used_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_api_keys_account_accounts"),
        sa.UniqueConstraint("sha256", name="uq_api_keys_sha256"),
    )
    op.create_index("ix_api_keys_account", "api_keys", ["account", "created_ms"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("version", sa.Text()),
        sa.Column("keep", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(40)),
        *(sa.Column(name, sa.BigInteger()) for name in ("lease_until_ms", "ended_ms", "last_used_ms", "retired_ms", "purge_due_ms")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("not_before_ms", "created_ms", "updated_ms", "size_bytes")),
        *(sa.Column(name, sa.JSON()) for name in ("failure", "result", "sources")),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_table(
        "job_originals",
        sa.Column("job_id", sa.String(26), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("account", sa.String(7), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "path", name="pk_job_originals"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_originals_job_id_jobs", ondelete="CASCADE"),
    )
    generation = op.create_table(
        "cache_generation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cache_generation"),
    )
    op.bulk_insert(generation, [{"id": 1, "number": 0}])


def _job_indexes() -> None:
    _partial("uq_jobs_flight", ["identity"], f"keep != 'nothing' AND ({LIVE} OR {CACHED})", unique=True)
    _partial("uq_jobs_flight_unkept", ["identity"], f"keep = 'nothing' AND {LIVE}", unique=True)
    _partial("ix_jobs_queue", ["priority", "created_ms"], "status IN ('Pending')")
    _partial("ix_jobs_running", ["account"], "status IN ('Cancelling', 'Running')")
    _partial("ix_jobs_last_used", ["last_used_ms"], CACHED)
    _partial("ix_jobs_purge", ["purge_due_ms"], "purge_due_ms IS NOT NULL")
    op.create_index("ix_jobs_identity", "jobs", ["identity", "created_ms"])
    op.create_index("ix_jobs_account_created", "jobs", ["account", "created_ms"])
    op.create_index("ix_job_originals_account_path", "job_originals", ["account", "path"])


def _partial(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, "jobs", columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("job_id", sa.String(26), nullable=False),
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("billed_units", sa.BigInteger(), nullable=False),
        sa.Column("quota_units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_ledger"),
    )
    op.create_index("ix_ledger_account_created", "ledger", ["account", "created_ms"])
