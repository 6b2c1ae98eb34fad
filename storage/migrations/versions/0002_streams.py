"""HLS: the form that a job's first request asked for, and what is known of its stream."""

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
