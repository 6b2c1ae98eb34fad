"""Alembic's entry: runs the steps on the connection and in the transaction that `storage.db.Database.migrate` holds."""

from alembic import context
from sqlalchemy import Connection

from storage.db import metadata

connection: Connection = context.config.attributes["connection"]
# SQLite cannot alter a table in place: batch mode copies it.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
context.run_migrations()
