"""Rate limits: buckets that fill up, and what clients see of them."""

import json
import time
from pathlib import Path

import pytest

import app.rate_buckets
from app.rate_buckets import RateBuckets
from app.rates import RateLimits, Rates
from tests import tones
from tests.service import ACCOUNT, Service


def test_a_bucket_empties_and_says_when_it_fills_up() -> None:
    limits = RateLimits(Rates(api=10), RateBuckets())
    standings = [limits.take("api", "a") for _ in range(12)]
    assert [each.left for each in standings if each] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    assert [each.wait_seconds > 0 for each in standings if each] == [False] * 10 + [True] * 2
    last = standings[-1]
    assert last is not None
    assert 5 <= last.wait_seconds <= 6
    assert last.headers == {"RateLimit-Policy": '"api";q=10;w=60', "RateLimit": '"api";r=0;t=60'}
    other = limits.take("api", "b")
    assert other is not None
    assert other.left == 9
    assert limits.take("cdn", "a") is None


def test_looking_costs_nothing() -> None:
    limits = RateLimits(Rates(refusals=2), RateBuckets())
    for _ in range(5):
        standing = limits.take("refusals", "a", 0)
        assert standing is not None
        assert (standing.left, standing.wait_seconds) == (2, 0)


def test_counting_is_cheap() -> None:
    limits = RateLimits(Rates(cdn=10**9), RateBuckets())
    started = time.process_time()
    for number in range(20_000):
        limits.take("cdn", str(number % 100))
    assert (time.process_time() - started) / 20_000 < 50e-6  # about 5 µs; a hit takes 100


def test_programs_of_a_machine_share_their_buckets(tmp_path: Path) -> None:
    first, second = (RateLimits(Rates(api=10), RateBuckets(tmp_path / "rates")) for _ in range(2))
    left = [standing.left for limits in (first, second) * 3 for standing in [limits.take("api", "a")] if standing]
    assert left == [9, 8, 7, 6, 5, 4]


def test_what_was_counted_before_the_machine_started_anew_counts_no_more(tmp_path: Path) -> None:
    buckets = RateBuckets(tmp_path / "rates")
    buckets.remember("api", "a", time.monotonic() + 86_400)
    standing = RateLimits(Rates(api=10), buckets).take("api", "a")
    assert standing is not None
    assert (standing.left, standing.wait_seconds) == (9, 0)


def test_more_clients_than_slots_forget_those_whose_buckets_are_full_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.rate_buckets, "SLOTS", 8)
    buckets = RateBuckets()
    now = time.monotonic()
    buckets.remember("api", "busy", now + 50)
    for number in range(100):
        buckets.remember("api", str(number), now + 1)
    assert buckets.full_at("api", "busy") == now + 50


async def test_a_limit_is_not_multiplied_by_processes(tmp_path: Path) -> None:
    async with Service(tmp_path, None, {"SOUNDPATH_RATE_API": "20", "SOUNDPATH_RATE_REFUSALS": "0"}, ("--processes", "3")) as service:
        began = time.monotonic()
        jobs = f"/v2/accounts/{ACCOUNT}/jobs"
        answers = [await service.get(jobs, Authorization="Bearer x") for _ in range(50)]  # a connection each
        come_back = int((time.monotonic() - began) / 3) + 1
        assert 20 <= 50 - [answer.status for answer in answers].count(429) <= 20 + come_back


@pytest.fixture
def environment() -> dict[str, str]:
    return {
        "SOUNDPATH_RATE_API": "20", "SOUNDPATH_RATE_KEY": "15", "SOUNDPATH_RATE_CDN": "30", "SOUNDPATH_RATE_STARTS": "2",
        "SOUNDPATH_RATE_REFUSALS": "3", "SOUNDPATH_TRUSTED_PROXIES": "127.0.0.0/8",
    }  # fmt: skip


async def test_limits_over_http(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "library").mkdir()
    tones.write(tmp_path / "library" / "x.wav", tones.chirp(1, 44_100), 44_100)
    async with Service(tmp_path / "data", tmp_path / "library", environment) as service:
        api = f"/v2/accounts/{ACCOUNT}/jobs"
        first = await service.get(api, X_Forwarded_For="198.51.100.1")
        assert (first.status, first.headers["ratelimit"], first.headers["ratelimit-policy"]) == (200, '"api";r=19;t=3', '"api";q=20;w=60')
        answers = [await service.get(api, X_Forwarded_For=f"198.51.100.{number}") for number in range(2, 17)]
        assert [answer.status for answer in answers] == [200] * 14 + [429], "the key's limit holds whatever the address"
        refused = answers[-1]
        assert json.loads(refused.body)["error"]["code"] == "rate_limited"
        assert 1 <= int(refused.headers["retry-after"]) <= 4
        assert refused.headers["ratelimit-policy"] == '"key";q=15;w=60'

        guesses = [await service.get(api, Authorization=f"Bearer x{number}", X_Forwarded_For="203.0.113.9") for number in range(5)]
        assert [answer.status for answer in guesses] == [401, 401, 401, 429, 429]
        named = {"X_Forwarded_For": "10.9.9.9, 203.0.113.9"}  # what the client itself says of others is not believed
        assert (await service.get(api, Authorization="Bearer x", **named)).status == 429

        hits = [(await service.get(f"/{ACCOUNT}/raw/x.wav", "HEAD", X_Forwarded_For=f"2001:db8::{n:x}")).status for n in range(31)]
        assert hits.count(429) == 1, "addresses of one IPv6 network are one client"

        starts = [await service.get(f"/{ACCOUNT}/audio/x.wav?f=mp3&br={rate}", X_Forwarded_For="192.0.2.1") for rate in (64, 72, 80, 64)]
        assert [answer.status for answer in starts] == [200, 200, 429, 200], "what has begun already can be polled"
