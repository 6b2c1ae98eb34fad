"""Names that somebody works on alone, and what became of saves."""

import sqlalchemy as sa
from alembic import op

revision = "0007_claims"
down_revision = "0006_saves"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "claims",
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("name", name, nullable=False),
        sa.Column("token", sa.String(26), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name="pk_claims"),
    )
    op.add_column("saves", sa.Column("state", sa.String(10), nullable=False, server_default="Waiting"))
    op.add_column("saves", sa.Column("error_code", sa.Text()))
    op.add_column("saves", sa.Column("error_message", sa.Text()))
