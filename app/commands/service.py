"""`soundpath serve` and `soundpath work`."""

import argparse
import sys

from app.serve import serve, work
from app.settings import DEFAULT_ACCOUNT, Settings


async def serve_command(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""

    def announce(address: str) -> None:
        sys.stdout.write(f"Soundpath serves account {DEFAULT_ACCOUNT} at {address} (data in {settings.data_dir.resolve()})\n")
        sys.stdout.flush()

    def show_keys(secret: str, public: str) -> None:
        sys.stdout.write(f"API keys of account {DEFAULT_ACCOUNT}, shown this once:\n  {secret}\n  {public}\n")

    await serve(settings, announce, show_keys)
    return 0


async def work_command(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Work until told to stop."""
    await work(settings)
    return 0
