"""`soundpath cache stats|prune`."""

import argparse
import sys

from app.settings import Settings
from app.wiring import make_housekeeping, open_services


async def stats_command(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Print how much is cached, and the limit."""
    async with open_services(settings) as services:
        totals = await services.retention.totals()
    limit = "no limit" if settings.cache_limit_bytes is None else f"limit {settings.cache_limit_bytes} bytes"
    sys.stdout.write(f"{totals.variants} variants, {totals.size_bytes} bytes ({limit})\n")
    return 0


async def prune_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Retire what the rules no longer allow, and delete the bytes."""
    async with open_services(settings) as services:
        keeper = make_housekeeping(services)
        variants = await keeper.evict()
        if arguments.limit_bytes is not None:
            variants += await keeper.shrink(arguments.limit_bytes)
        objects = await keeper.purge()
    sys.stdout.write(f"{variants} variants dropped, {objects} objects deleted\n")
    return 0
