"""HLS: the form that a job's first request asked for, what is known of its stream, and which segments other programs want."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Added in place: copying the table, as SQLite's batch mode does, would leave its partial indexes behind."""
    op.add_column("jobs", sa.Column("playlist", sa.String(8), nullable=False, server_default="vod"))
    op.add_column("jobs", sa.Column("stream", sa.JSON()))
    op.create_table(
        "segment_wants",
        sa.Column("job_id", sa.String(26), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "segment", name="pk_segment_wants"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_segment_wants_job_id_jobs", ondelete="CASCADE"),
    )
