"""`soundpath accounts create|list|limit`."""

import argparse
import sys

from app.accounts.accounts import Accounts, Allowance, random_account
from app.settings import Settings
from app.wiring import open_services


async def create_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Create an account, and a secret and a public key of it, which nobody can read again."""
    account = arguments.name or random_account()
    async with open_services(settings) as services:
        await Accounts(services.database).create(account)
        first = await services.keys.create_first(account)
    assert first is not None
    sys.stdout.write("\n".join((account, *first)) + "\n")
    return 0


async def list_command(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Every account and what it may use."""
    async with open_services(settings) as services:
        for account in await Accounts(services.database).list():
            quota, at_once = account.allowance.quota_seconds_per_month, account.allowance.concurrent_jobs
            quota_text = "no quota" if quota is None else f"{quota} quota seconds a month"
            at_once_text = "any number of jobs" if at_once is None else f"{at_once} jobs at once"
            sys.stdout.write(f"{account.id}  {quota_text}, {at_once_text}\n")
    return 0


async def limit_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Set what an account may use; what is not named is without limit."""
    async with open_services(settings) as services:
        allowance = Allowance(arguments.quota_seconds, arguments.concurrent_jobs)
        if not await Accounts(services.database).limit(arguments.account, allowance):
            raise ValueError(f"there is no account '{arguments.account}'")
    return 0
