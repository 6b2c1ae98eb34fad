"""Tables of files, folder settings, unfinished uploads and saves. Bytes are in the store; what cannot be read from them is here."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.dialects import postgresql

from storage.db import metadata

# Listings walk paths in byte order, which is SQLite's own; PostgreSQL would sort by language.
PathText = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

files = Table(
    "files",
    metadata,
    Column("account", String(7), primary_key=True),
    Column("path", PathText, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mime", Text, nullable=False),
    Column("original_name", Text),
    Column("metadata", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("modified_ms", BigInteger, nullable=False),
)

# Folders that somebody has created or given settings; all others exist as long as files are in them.
folders = Table(
    "folders",
    metadata,
    Column("account", String(7), primary_key=True),
    Column("path", PathText, primary_key=True),
    Column("description", Text),
    # None: as the folder above says.
    Column("public_permissions", JSON(none_as_null=True)),
    Column("storage_layer", JSON(none_as_null=True)),
    # Sealed with the installation's secret.
    Column("credentials", Text),
    Column("updated_ms", BigInteger, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(26), primary_key=True),
    # Whoever knows it may send parts: it stands in the upload URLs and grants nothing else.
    Column("token", String(64), nullable=False, unique=True),
    Column("account", String(7), nullable=False),
    Column("path", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("part_bytes", BigInteger, nullable=False),
    Column("mime", Text, nullable=False),
    Column("original_name", Text),
    Column("metadata", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("may_overwrite", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    # Of the published file; None until then.
    Column("etag", Text),
    Index("ix_uploads_expires_ms", "expires_ms"),
)

upload_parts = Table(
    "upload_parts",
    metadata,
    Column("upload_id", String(26), ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    # Of the bytes that are on disk.
    Column("etag", String(64), nullable=False),
    # The client has confirmed the ETag: the part is settled.
    Column("is_complete", Integer, nullable=False),
)

# Names that somebody works on alone: paths that are being published or deleted.
claims = Table(
    "claims",
    metadata,
    Column("account", String(7), primary_key=True),
    Column("name", PathText, primary_key=True),
    # The holder's.
    Column("token", String(26), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)

# Artifacts that are to become files when their job has succeeded.
saves = Table(
    "saves",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("job_id", String(26), nullable=False),
    Column("account", String(7), nullable=False),
    Column("path", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("original_name", Text),
    Column("metadata", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("may_overwrite", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    # Waiting, Saved or Failed, and why.
    Column("state", String(10), nullable=False),
    Column("error_code", Text),
    Column("error_message", Text),
    Index("ix_saves_job_id", "job_id"),
)
