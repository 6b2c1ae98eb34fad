"""`soundpath keys create|list|rotate|revoke|rotate-signing`."""

import argparse
import sys
import time
from datetime import UTC, datetime

from app.access.secure_urls import SecureUrlKeys
from app.accounts.keys import NewKey
from app.accounts.permissions import read_scopes
from app.settings import Settings
from app.signing.keys import SigningKeys
from app.wiring import Services, open_services

DAY_MS = 86_400_000


async def create_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Create a key and print it: nobody can read it again."""
    scopes = read_scopes(arguments.kind, arguments.scope)
    if arguments.days is not None and arguments.days < 1:
        raise ValueError(f"--days takes 1 or more, not {arguments.days}; without it the key has no end")
    expires_ms = None if arguments.days is None else int(time.time() * 1000) + arguments.days * DAY_MS
    async with open_services(settings) as services:
        made, text = await services.keys.create_from(NewKey(arguments.account, arguments.kind, arguments.name, scopes, expires_ms))
        _show_new(services, made.id, text)
    return 0


async def list_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """List the account's keys, without their secrets."""
    async with open_services(settings) as services:
        for key in await services.keys.list(arguments.account):
            used = f"used {_time(key.last_used_ms)}" if key.last_used_ms is not None else "never used"
            end = "ended" if key.is_expired else "" if key.expires_ms is None else f"until {_time(key.expires_ms)}"
            scopes = "" if key.scopes is None else ",".join(sorted(key.scopes))
            line = f"{key.id}  {key.kind.value:6}  created {_time(key.created_ms)}  {used}  {end}  {scopes}  {key.name or ''}"
            sys.stdout.write(line.rstrip() + "\n")
    return 0


async def rotate_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Replace a key by one with the same permissions, and print that; the old one is good for a while."""
    async with open_services(settings) as services:
        made = await services.keys.rotate(arguments.account, arguments.key_id, arguments.overlap_seconds)
        if made is None:
            raise ValueError(f"the account has no key '{arguments.key_id}', or it has ended")
        _show_new(services, made[0].id, made[1])
    return 0


async def revoke_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """End a key now."""
    async with open_services(settings) as services:
        if not await services.keys.revoke(arguments.account, arguments.key_id):
            raise ValueError(f"the account has no key '{arguments.key_id}'")
    return 0


async def rotate_signing_command(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Sign requests with a new key from now on."""
    async with open_services(settings) as services:
        sys.stdout.write(f"{await SigningKeys(services.database, services.sealing).rotate()}\n")
    return 0


def _show_new(services: Services, key_id: str, text: str) -> None:
    """The key alone on the first line, for scripts; then what signs URLs in its name."""
    shown = SecureUrlKeys(services.keys, services.sealing).shown(key_id)
    sys.stdout.write(f"{text}\n")
    sys.stderr.write(f"key id {key_id}, secure URL key {shown}\n")


def _time(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="seconds")
