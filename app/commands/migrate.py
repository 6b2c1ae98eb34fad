"""`soundpath migrate`."""

import argparse
import sys

from app.settings import Settings
from storage.db import Database


async def migrate_command(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Create the tables or bring them up to date. `serve` and `work` do so too; before a rolling update it is done once, by hand."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.sql_url)
    try:
        await database.migrate()
    finally:
        await database.close()
    sys.stdout.write("The database is up to date.\n")
    return 0
