"""`soundpath keys create|list`."""

import argparse
import sys
from datetime import UTC, datetime

from app.settings import Settings
from app.wiring import open_services


async def create_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Create a key and print it: nobody can read it again."""
    async with open_services(settings) as services:
        _, text = await services.keys.create(arguments.account, arguments.kind)
    sys.stdout.write(f"{text}\n")
    return 0


async def list_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """List the account's keys, without their secrets."""
    async with open_services(settings) as services:
        for key in await services.keys.list(arguments.account):
            used = _time(key.last_used_ms) if key.last_used_ms is not None else "never used"
            sys.stdout.write(f"{key.id}  {key.kind.value:6}  created {_time(key.created_ms)}  {used}\n")
    return 0


def _time(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="seconds")
