"""`soundpath serve` and `soundpath work`."""

import argparse
import sys

from app.serve import serve, serve_processes, work
from app.settings import DEFAULT_ACCOUNT, Settings


async def serve_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until told to stop: alone, as the parent of several processes, or as one of them."""
    if arguments.part is None and arguments.processes > 1:
        await serve_processes(settings, arguments.processes)
        return 0
    if arguments.part is not None:
        settings = as_part(settings, arguments.part, arguments.port)

    def announce(address: str) -> None:
        if arguments.part:
            return  # the first one has said it
        sys.stdout.write(f"Soundpath serves account {DEFAULT_ACCOUNT} at {address} (data in {settings.data_dir.resolve()})\n")
        sys.stdout.flush()

    def show_keys(secret: str, public: str) -> None:
        sys.stdout.write(f"API keys of account {DEFAULT_ACCOUNT}, shown this once:\n  {secret}\n  {public}\n")

    await serve(settings, announce, show_keys, shared=arguments.part is not None)
    return 0


async def work_command(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Work until told to stop."""
    await work(settings)
    return 0


def as_part(settings: Settings, number: int, port: int) -> Settings:
    """The settings of one of several processes: all but the first leave the jobs to it."""
    return settings.model_copy(update={"port": port} if number == 0 else {"port": port, "workers": 0, "demo": False})
