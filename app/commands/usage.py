"""`soundpath usage`: what was billed, what a URL would cost, and whether the ledger is right."""

import argparse
import json
import sys
from datetime import UTC, datetime
from urllib.parse import urlsplit

from app.ledger import Audit, Usage, month_ms, total
from app.metering import QUOTA_UNITS_PER_SECOND, UNITS_PER_SECOND
from app.quote import quote
from app.settings import Settings
from app.web.address import parse_target
from app.wiring import Services, make_workshop, open_engine, open_services
from transforms.params import parse

DAY_SECONDS = 86_400


async def usage_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the month's charges per day and format, a price, or the audit (1 when it finds something)."""
    async with open_services(settings) as services:
        if arguments.price:
            sys.stdout.write(json.dumps(await _price(services, arguments.price), indent=2) + "\n")
            return 0
        if arguments.audit:
            return _show_audit(await services.ledger.audit())
        year, month = _month(arguments.month)
        _show(await services.ledger.usage(arguments.account, *month_ms(year, month)))
    return 0


async def _price(services: Services, url: str) -> dict[str, object]:
    parts = urlsplit(url)
    target = parts._replace(scheme="", netloc="").geturl()
    address = parse_target(target)
    async with open_engine(services.settings.model_copy(update={"workers": 0})) as engine:
        engine.bring = services.files.spools.supply
        return await quote(make_workshop(services, engine), address.account, parse(address.path, address.params))


def _month(text: str | None) -> tuple[int, int]:
    if text is None:
        now = datetime.now(UTC)
        return now.year, now.month
    try:
        parsed = datetime.strptime(text, "%Y-%m")
    except ValueError:
        raise ValueError(f"--month takes YYYY-MM, such as 2026-01, not '{text}'") from None
    return parsed.year, parsed.month


def _show(rows: list[Usage]) -> None:
    line = "{:10}  {:10}  {:>6}  {:>14}  {:>14}\n"
    sys.stdout.write(line.format("day (UTC)", "format", "jobs", "billed s", "quota s"))
    for row in rows:
        day = datetime.fromtimestamp(row.day * DAY_SECONDS, UTC).date().isoformat()
        sys.stdout.write(line.format(day, row.format, row.jobs, *_seconds(row.billed_units, row.quota_units)))
    whole = total(rows)
    sys.stdout.write(line.format("total", "", whole.jobs, *_seconds(whole.billed_units, whole.quota_units)))


def _seconds(billed_units: int, quota_units: int) -> tuple[str, str]:
    return f"{billed_units / UNITS_PER_SECOND:.2f}", f"{quota_units / QUOTA_UNITS_PER_SECOND:.2f}"


def _show_audit(audit: Audit) -> int:
    sys.stdout.write(f"{audit.total.jobs} charges, {audit.total.billed_units} billed units, {audit.total.quota_units} quota units\n")
    for job_id in audit.jobs_without_charge:
        sys.stdout.write(f"job {job_id} succeeded without a charge\n")
    for job_id in audit.charges_without_job:
        sys.stdout.write(f"charge {job_id} has no succeeded job\n")
    return 1 if audit.jobs_without_charge or audit.charges_without_job else 0
