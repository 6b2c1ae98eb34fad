"""`soundpath` = `python -m app`: the command line."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from app.accounts.permissions import KeyKind
from app.commands import accounts, cache, doctor, encode, keys, migrate, put, service, usage
from app.errors import AppError
from app.logs import configure_logging
from app.settings import DEFAULT_ACCOUNT, Settings, SettingsRefused
from storage.errors import StorageError
from transforms.errors import TransformError

EXIT_REFUSED = 2
EXPECTED = (SettingsRefused, AppError, StorageError, TransformError, ValueError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status: 0 done, 1 something is not in order, 2 refused."""
    arguments = parser().parse_args(argv)
    try:
        settings = Settings.load()
        configure_logging(settings.log_json)
        return int(asyncio.run(arguments.run(settings, arguments)))
    except EXPECTED as error:
        return _refuse(error)
    except ExceptionGroup as group:
        if len(group.exceptions) == 1 and isinstance(group.exceptions[0], EXPECTED):
            return _refuse(group.exceptions[0])
        raise
    except KeyboardInterrupt:
        return 130


def _refuse(error: Exception) -> int:
    detail = getattr(error, "detail", "")  # the operator may see what a client may not
    sys.stderr.write(f"soundpath: {error}\n" + (f"{detail}\n" if detail else ""))
    return EXIT_REFUSED


def parser() -> argparse.ArgumentParser:
    """Every command and its arguments."""
    root = argparse.ArgumentParser(prog="soundpath", description="Self-hosted audio CDN: the URL is the transformation.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str, run: object) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    _add_serve(command("serve", "Serve requests and work jobs.", service.serve_command))
    command("work", "Work jobs without serving requests.", service.work_command)
    command("migrate", "Create the database's tables, or bring them up to date.", migrate.migrate_command)
    command("doctor", "Check FFmpeg, codecs, sandbox, storage, database, clock and disk space.", doctor.doctor_command)
    _add_put(command("put", "Store a local file as an original.", put.put_command))
    _add_encode(command("encode", "Transform a local file without a server.", encode.encode_command))
    _add_keys(command("keys", "Create, list, rotate and revoke API keys.", None))
    _add_accounts(command("accounts", "Create, list and limit accounts.", None))
    _add_usage(command("usage", "Show what was billed, or what a URL would cost.", usage.usage_command))
    _add_cache(command("cache", "Show or shrink the variant cache.", None))
    return root


def _add_account(to: argparse.ArgumentParser) -> None:
    to.add_argument("--account", default=DEFAULT_ACCOUNT, help="account, 7 characters of base58 (default: %(default)s)")


def _add_serve(to: argparse.ArgumentParser) -> None:
    to.add_argument("--processes", type=int, default=1, metavar="N", help="programs that share the port (default: %(default)s)")
    for name in ("--part", "--port"):  # which of them this is, and where all listen: the parent says it
        to.add_argument(name, type=int, help=argparse.SUPPRESS)


def _add_put(to: argparse.ArgumentParser) -> None:
    to.add_argument("file", type=Path, metavar="FILE")
    to.add_argument("path", metavar="/path/in/account", help="where it is stored, e.g. /audio/talk.wav")
    _add_account(to)


def _add_encode(to: argparse.ArgumentParser) -> None:
    to.add_argument("file", type=Path, metavar="FILE")
    to.add_argument("query", metavar="QUERY", help="parameters as in a URL, e.g. 'f=mp3&ts=5'; append names files beside FILE")
    to.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")


def _add_keys(to: argparse.ArgumentParser) -> None:
    actions = to.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="create a key; it is shown once")
    create.add_argument("--kind", type=KeyKind, choices=list(KeyKind), required=True)
    create.add_argument("--name", help="what it is for")
    create.add_argument("--scope", action="append", metavar="SCOPE", help="permission, repeatable (default: all its kind can have)")
    create.add_argument("--days", type=int, metavar="N", help="days until it ends (default: never)")
    create.set_defaults(run=keys.create_command)
    listing = actions.add_parser("list", help="list an account's keys")
    listing.set_defaults(run=keys.list_command)
    rotate = actions.add_parser("rotate", help="replace a key; both are good for a while")
    rotate.add_argument("key_id", metavar="ID")
    rotate.add_argument(
        "--overlap-seconds", type=int, default=86_400, metavar="N", help="how long the old one is good (default: %(default)s)"
    )
    rotate.set_defaults(run=keys.rotate_command)
    revoke = actions.add_parser("revoke", help="end a key now")
    revoke.add_argument("key_id", metavar="ID")
    revoke.set_defaults(run=keys.revoke_command)
    for action in (create, listing, rotate, revoke):
        _add_account(action)
    signing = actions.add_parser("rotate-signing", help="sign callbacks and downloads with a new key")
    signing.set_defaults(run=keys.rotate_signing_command)


def _add_accounts(to: argparse.ArgumentParser) -> None:
    actions = to.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="create an account and its first keys, shown once")
    create.add_argument("name", nargs="?", metavar="ACCOUNT", help="7 characters of base58 (default: random ones)")
    create.set_defaults(run=accounts.create_command)
    actions.add_parser("list", help="list accounts and what they may use").set_defaults(run=accounts.list_command)
    limit = actions.add_parser("limit", help="set what an account may use; without an option: as much as it likes")
    limit.add_argument("--quota-seconds", type=int, metavar="N", help="quota seconds a calendar month (UTC)")
    limit.add_argument("--concurrent-jobs", type=int, metavar="N", help="jobs at once")
    limit.set_defaults(run=accounts.limit_command)
    _add_account(limit)


def _add_usage(to: argparse.ArgumentParser) -> None:
    to.add_argument("--price", metavar="URL", help="what this URL would cost, without running it")
    to.add_argument("--audit", action="store_true", help="recount the ledger against the jobs")
    to.add_argument("--month", metavar="YYYY-MM", help="the month to show (default: this one, UTC)")
    _add_account(to)


def _add_cache(to: argparse.ArgumentParser) -> None:
    actions = to.add_subparsers(required=True, metavar="ACTION")
    stats = actions.add_parser("stats", help="variants and bytes that are cached")
    stats.set_defaults(run=cache.stats_command)
    prune = actions.add_parser("prune", help="delete expired variants, and the least recently used above a limit")
    prune.add_argument("--limit-bytes", type=int, metavar="N", help="total to shrink to (default: SOUNDPATH_CACHE_LIMIT_BYTES)")
    prune.set_defaults(run=cache.prune_command)


if __name__ == "__main__":
    sys.exit(main())
