"""CONTRACT 3, "Cache-Control", as a table."""

import pytest

from app.web.cache_control import Lifetime, cache_control, missing_cache_control
from app.web.delivery import Delivery, parse_delivery

PLAIN, VERSIONED, TTL, TTL_VERSIONED, TTL_0 = (
    parse_delivery(params)
    for params in ((), (("v", "2"),), (("cache_ttl", "60"),), (("version", "2"), ("cache-ttl", "60")), (("cache_ttl", "0"),))
)


@pytest.mark.parametrize(
    ("lifetime", "delivery", "expected"),
    [
        (Lifetime.SETTLED, PLAIN, "public, max-age=3600"),
        (Lifetime.SETTLED, VERSIONED, "public, max-age=31536000, immutable"),
        (Lifetime.SETTLED, TTL, "public, max-age=60"),
        (Lifetime.SETTLED, TTL_VERSIONED, "public, max-age=60"),
        (Lifetime.SETTLED, TTL_0, "public, no-cache"),
        (Lifetime.ENCODING, PLAIN, "public, max-age=60"),
        (Lifetime.ENCODING, VERSIONED, "public, max-age=60"),
        (Lifetime.ENCODING, TTL, "public, max-age=60"),
        (Lifetime.CHANGING, VERSIONED, "no-store"),
        (Lifetime.CHANGING, TTL, "no-store"),
    ],
)
def test_lifetimes(lifetime: Lifetime, delivery: Delivery, expected: str) -> None:
    assert cache_control(lifetime, delivery) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(None, "no-store"), (0, "no-store"), (30, "public, max-age=30")])
def test_what_is_missing_is_kept_only_on_request(seconds: int | None, expected: str) -> None:
    assert missing_cache_control(Delivery(cache_ttl_404_seconds=seconds)) == expected
