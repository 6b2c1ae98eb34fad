"""Which part of a body a request gets: preconditions and ranges of RFC 9110 (13 and 14), decided without touching a byte."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from app.errors import PreconditionFailed, RangeNotSatisfiable

_ETAG: Final = re.compile(r'(?P<weak>W/)?"(?P<tag>[^"]*)"')
_BYTES: Final = re.compile(r"bytes\s*=\s*(?P<ranges>.+)", re.IGNORECASE | re.DOTALL)
_RANGE: Final = re.compile(r"(?P<first>\d{0,18})\s*-\s*(?P<last>\d{0,18})")  # 18 digits: every file, and no number that takes long to read


@dataclass(frozen=True, slots=True)
class Validators:
    """What a client may compare: the strong ETag (unquoted) and, where there is one, the time of the last change in epoch milliseconds."""

    etag: str
    modified_ms: int | None = None

    @property
    def modified_seconds(self) -> int | None:
        """HTTP dates have whole seconds."""
        return None if self.modified_ms is None else self.modified_ms // 1000


@dataclass(frozen=True, slots=True)
class Selection:
    """The answer's status (200, 206 or 304) and the bytes [start, end) that it carries."""

    status: HTTPStatus
    start: int
    end: int


def select(method: str, headers: Mapping[str, str], validators: Validators, size_bytes: int) -> Selection:
    """Evaluate the preconditions in the order of RFC 9110 13.2.2; raises PreconditionFailed and RangeNotSatisfiable."""
    if _refused(headers, validators):
        raise PreconditionFailed
    if _not_modified(headers, validators):
        return Selection(HTTPStatus.NOT_MODIFIED, 0, 0)
    asked = headers.get("Range")
    # Range is defined for GET alone (RFC 9110 14.2).
    if asked is not None and method == "GET" and _range_still_valid(headers.get("If-Range"), validators):
        span = _span(asked, size_bytes)
        if span is not None:
            return Selection(HTTPStatus.PARTIAL_CONTENT, *span)
    return Selection(HTTPStatus.OK, 0, size_bytes)


@lru_cache(maxsize=4096)
def http_date(epoch_seconds: int) -> str:
    """IMF-fixdate, the only form a sender may use (RFC 9110 5.6.7)."""
    return formatdate(epoch_seconds, usegmt=True)


def _refused(headers: Mapping[str, str], validators: Validators) -> bool:
    """If-Match compares strongly; If-Unmodified-Since counts only without it."""
    match = headers.get("If-Match")
    if match is not None:
        return not _lists(match, validators.etag, weak=False)
    since = _seconds(headers.get("If-Unmodified-Since"))
    modified = validators.modified_seconds
    return since is not None and modified is not None and modified > since


def _not_modified(headers: Mapping[str, str], validators: Validators) -> bool:
    """If-None-Match compares weakly; If-Modified-Since counts only without it."""
    none_match = headers.get("If-None-Match")
    if none_match is not None:
        return _lists(none_match, validators.etag, weak=True)
    since = _seconds(headers.get("If-Modified-Since"))
    modified = validators.modified_seconds
    return since is not None and modified is not None and modified <= since


def _lists(field: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of entity tags, or `*`, names this one."""
    if field.strip() == "*":
        return True
    return any(found["tag"] == etag and (weak or not found["weak"]) for found in _ETAG.finditer(field))


def _range_still_valid(if_range: str | None, validators: Validators) -> bool:
    """If-Range holds a strong tag or a date; both must match exactly (RFC 9110 13.1.5)."""
    if if_range is None:
        return True
    if '"' in if_range:
        return if_range.strip() == f'"{validators.etag}"'
    since = _seconds(if_range)
    return since is not None and since == validators.modified_seconds


def _seconds(date: str | None) -> int | None:
    """An HTTP date in epoch seconds; a malformed one counts as absent (RFC 9110 13.1.3)."""
    if date is None:
        return None
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return None


def _span(asked: str, size_bytes: int) -> tuple[int, int] | None:
    """The one range that is asked for; None means the whole body: another unit, or several ranges, which we do not cut up."""
    match = _BYTES.fullmatch(asked.strip())
    if match is None:
        return None
    spans = [_resolve(part.strip(), size_bytes) for part in match["ranges"].split(",")]
    reachable = [span for span in spans if span is not None]
    if not reachable:
        raise RangeNotSatisfiable(size_bytes)
    return reachable[0] if len(spans) == 1 else None


def _resolve(part: str, size_bytes: int) -> tuple[int, int] | None:
    """`first-last`, `first-` or `-suffix` as [start, end); None where no byte of the body is meant, as for what is no range at all."""
    match = _RANGE.fullmatch(part)
    if match is None or match.group("first", "last") == ("", ""):
        return None
    first, last = match["first"], match["last"]
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(size_bytes, int(last) + 1) if last else size_bytes
    return (start, end) if start < end else None
