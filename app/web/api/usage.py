"""GET …/usage: what was billed, per UTC day and format, of everything below a path; JSON, or CSV for `format=csv`."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from aiohttp import web

from app.accounts.permissions import Permission
from app.errors import InvalidField
from app.ledger import DAY_MS, Usage, total
from app.metering import QUOTA_UNITS_PER_SECOND, UNITS_PER_SECOND
from app.web.api.endpoint import API
from app.web.auth import require
from app.web.cache_control import NO_STORE
from app.web.json_answer import json_answer
from app.web.keys import LEDGER

ROUTE: Final = f"{API}/usage"
MAX_DAYS: Final = 3660

_EPOCH: Final = date(1970, 1, 1)
_COLUMNS: Final = ("day", "format", "jobs", "billedSeconds", "quotaSeconds", "billedUnits", "quotaUnits")


async def usage(request: web.Request) -> web.Response:
    """`from` and `to` (inclusive, default: this month so far), `pathPrefix` (default: everything), `format` json or csv."""
    account = request.match_info["account"]
    await require(request, account, Permission.USAGE)
    today = datetime.now(UTC).date()
    first = _day(request, "from", today.replace(day=1))
    last = _day(request, "to", today)
    if not 0 <= (last - first).days < MAX_DAYS:
        raise InvalidField("query.to", last.isoformat(), f"It must not lie before 'from', nor {MAX_DAYS} days behind it.")
    prefix = request.query.get("pathPrefix", "/")
    if not prefix.startswith("/") or len(prefix) > 1000:
        raise InvalidField("query.pathPrefix", prefix[:100], "It begins with '/' and has 1,000 characters at most.")
    shown = request.query.get("format", "json")
    if shown not in ("json", "csv"):
        raise InvalidField("query.format", shown[:100], "Allowed are json and csv.")
    rows = await request.app[LEDGER].usage(account, _ms(first), _ms(last + timedelta(days=1)), prefix)
    if shown == "csv":
        return web.Response(text=_table(rows), content_type="text/csv", charset="utf-8", headers={"Cache-Control": NO_STORE})
    whole = total(rows)
    period = {"from": first.isoformat(), "to": last.isoformat(), "pathPrefix": prefix}
    return json_answer(
        {**period, "items": [_row(row) for row in rows], "total": _figures(whole.jobs, whole.billed_units, whole.quota_units)}
    )


def _day(request: web.Request, name: str, default: date) -> date:
    text = request.query.get(name)
    if text is None:
        return default
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or len(text) != 10 or not 1970 <= day.year < 9999:
        raise InvalidField(f"query.{name}", text[:100], "It takes a day such as 2026-01-31.")
    return day


def _ms(day: date) -> int:
    return (day - _EPOCH).days * DAY_MS


def _row(row: Usage) -> dict[str, Any]:
    day = _EPOCH + timedelta(days=row.day)
    return {"day": day.isoformat(), "format": row.format, **_figures(row.jobs, row.billed_units, row.quota_units)}


def _figures(jobs: int, billed_units: int, quota_units: int) -> dict[str, Any]:
    """Seconds for people; the exact figures are the units (CONTRACT 5)."""
    return {
        "jobs": jobs,
        "billedSeconds": billed_units / UNITS_PER_SECOND,
        "quotaSeconds": quota_units / QUOTA_UNITS_PER_SECOND,
        "billedUnits": billed_units,
        "quotaUnits": quota_units,
    }


def _table(rows: Sequence[Usage]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    writer.writerows(_row(row) for row in rows)
    return text.getvalue()
