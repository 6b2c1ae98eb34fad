"""Bringing the database's tables up to date with Alembic, which is not even loaded where they are: it takes a sixth of a start."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

_VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
_NOTED: Final = "alembic_version"


def upgrade(connection: Connection) -> None:
    """Apply the steps that are missing, in the caller's transaction."""
    if _version(connection) == newest():
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def newest() -> str:
    """The last step of all: their files are named after their revisions, which are numbered."""
    return max(file.stem for file in _VERSIONS.glob("[0-9]*.py"))


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_NOTED):
        return None
    return connection.execute(text(f"SELECT version_num FROM {_NOTED}")).scalar()
