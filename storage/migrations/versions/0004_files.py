"""Files, folder settings and unfinished uploads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_files"
down_revision = "0003_accounts"
branch_labels = None
depends_on = None

PATH = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "files",
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("path", PATH, nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        *_described(),
        sa.Column("modified_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "path", name="pk_files"),
    )
    op.create_table(
        "folders",
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("path", PATH, nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("public_permissions", sa.JSON()),
        sa.Column("storage_layer", sa.JSON()),
        sa.Column("credentials", sa.Text()),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "path", name="pk_folders"),
    )
    _uploads()


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("account", sa.String(7), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("size_bytes", "part_bytes")),
        *_described(),
        sa.Column("may_overwrite", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created_ms", "expires_ms")),
        sa.Column("etag", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.UniqueConstraint("token", name="uq_uploads_token"),
    )
    op.create_index("ix_uploads_expires_ms", "uploads", ["expires_ms"])
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.String(26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("is_complete", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "number", name="pk_upload_parts"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_upload_parts_upload_id_uploads", ondelete="CASCADE"),
    )


def _described() -> list[sa.Column[object]]:
    """What a client says about a file."""
    return [
        sa.Column("mime", sa.Text(), nullable=False),
        sa.Column("original_name", sa.Text()),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
    ]
