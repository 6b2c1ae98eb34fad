"""Ranges of one encode that other machines may take."""

import sqlalchemy as sa
from alembic import op

revision = "0008_shares"
down_revision = "0007_claims"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "shares",
        sa.Column("job_id", sa.String(26), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("taker", sa.String(40)),
        sa.Column("lease_until_ms", sa.BigInteger()),
        sa.Column("parts", sa.JSON()),
        sa.PrimaryKeyConstraint("job_id", "attempt", "number", name="pk_shares"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_shares_job_id_jobs", ondelete="CASCADE"),
    )
