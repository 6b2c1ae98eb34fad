"""What an operator sees: metrics by the names that docs/metrics.md lists, health, and log lines that belong to requests and jobs."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from timeit import timeit
from typing import TypeVar

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import FIGURES, REGISTRY
from app.web.measured import measured
from tests import tones
from tests.service import ACCOUNT, ROOT, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE_HZ = 48_000
DEADLINE_SECONDS = 30
HIT_COST_SECONDS = 20e-6  # measured: 3 µs on a quiet machine, 5 on a busy one

Samples = dict[str, float]
Found = TypeVar("Found")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    library = tmp_path_factory.mktemp("library")
    tones.write(library / "chirp.wav", tones.chirp(12, RATE_HZ), RATE_HZ)
    (library / "text.mp3").write_text("no sound")
    data = tmp_path_factory.mktemp("data")
    async with Service(data, library, {"SOUNDPATH_LOG_JSON": "1", "SOUNDPATH_WORKERS": "1"}) as running:
        yield running


async def scraped(service: Service) -> Samples:
    """`name{label="value",…}` without the process → value."""
    answer = await service.get("/metrics")
    assert answer.status == 200
    samples: Samples = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()) if name != "process")
            samples[f"{sample.name}{{{labels}}}"] = samples.get(f"{sample.name}{{{labels}}}", 0) + sample.value
    return samples


async def eventually(look: Callable[[], Awaitable[Found]], good: Callable[[Found], object]) -> Found:
    """What there is to see once it is good."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            found = await look()
            if good(found):
                return found
            await asyncio.sleep(0.1)


def documented() -> dict[str, set[str]]:
    """Name → labels, of the table in docs/metrics.md."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def declared() -> set[str]:
    """Every name a scrape can show, whether something has happened yet or not."""
    registered = {family.name + "_total" * (family.type == "counter") for family in REGISTRY.collect()}
    return registered | {figure.name + "_total" * figure.counts for figure in FIGURES}


async def test_documentation_and_code_name_the_same_metrics() -> None:
    assert declared() == set(documented())


async def test_a_scrape_shows_nothing_that_is_not_documented(service: Service) -> None:
    table = documented()
    await service.get("/healthz")
    shown = (await service.get("/metrics")).body.decode()
    for family in text_string_to_metric_families(shown):
        labels = table[family.name + "_total" * (family.type == "counter")]
        for sample in family.samples:
            assert set(sample.labels) - {"process", "le"} <= labels, sample
    assert not re.search(r"_created\b", shown)


async def test_jobs_are_counted_with_their_sound_and_bill(service: Service) -> None:
    before = await scraped(service)
    await service.artifact(f"/{ACCOUNT}/audio/chirp.wav?f=mp3&br=64")
    await service.finished(f"/{ACCOUNT}/audio/text.mp3?f=mp3")
    after = await scraped(service)

    def rise(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert rise("soundpath_jobs_ended_total{format=mp3,status=Succeeded}") == 1
    assert rise("soundpath_jobs_ended_total{format=mp3,status=Failed}") == 1
    assert rise("soundpath_encoded_seconds_total{format=mp3}") == pytest.approx(12)
    assert rise("soundpath_encode_speed_ratio_count{format=mp3}") == 1
    assert rise("soundpath_encode_speed_ratio_sum{format=mp3}") > 0.1
    assert rise("soundpath_billed_seconds_total{format=mp3}") == 12
    assert rise("soundpath_quota_seconds_total{format=mp3}") == 9
    assert rise("soundpath_requests_total{route=/{account}/audio/{path},status=200}") >= 3


async def test_bodies_are_counted_by_the_tier_they_came_from(service: Service) -> None:
    target = f"/{ACCOUNT}/audio/chirp.wav?f=aac&br=64"
    first = await service.artifact(target)
    before = await scraped(service)
    again = await service.get(f"{target}&a=/audio.aac")
    whole = await service.get(f"/{ACCOUNT}/raw/chirp.wav")
    after = await scraped(service)
    assert again.body == first.body
    for tier, size_bytes in (("memory", len(again.body)), ("disk", len(whole.body))):
        name = f"{{tier={tier}}}"
        assert after["soundpath_cache_hits_total" + name] - before["soundpath_cache_hits_total" + name] == 1
        assert after["soundpath_cache_bytes_total" + name] - before["soundpath_cache_bytes_total" + name] == size_bytes


async def test_first_sound_is_timed_once_for_a_cold_variant(service: Service) -> None:
    target = f"/{ACCOUNT}/audio/chirp.wav?f=hls-aac-rt&br=48"
    before = await scraped(service)
    begun = time.monotonic()
    assert (await service.get(target)).status == 200
    took = time.monotonic() - begun
    assert (await service.get(target)).status == 200
    after = await scraped(service)
    assert after["soundpath_first_sound_seconds_count{}"] - before["soundpath_first_sound_seconds_count{}"] == 1
    assert 0 < after["soundpath_first_sound_seconds_sum{}"] - before["soundpath_first_sound_seconds_sum{}"] <= took


async def test_engine_exits_and_the_queue_are_seen(service: Service) -> None:
    """A job is cancelled while it is encoded; another waits behind it."""
    long = f"/{ACCOUNT}/audio/chirp.wav?f=mp3&br=64&rp=3000"
    job = (await service.get(long)).json()
    await service.get(f"/{ACCOUNT}/audio/chirp.wav?f=wav&rp=2&version=behind")
    seen = await eventually(lambda: scraped(service), lambda shown: shown.get("soundpath_jobs{status=Running}"))
    assert seen["soundpath_queue_jobs{priority=background}"] == 1
    assert seen["soundpath_queue_oldest_seconds{priority=background}"] > 0
    await eventually(lambda: scraped(service), lambda shown: shown.get("soundpath_engine_children{crew=encode,state=busy}"))
    assert (await service.get(f"/v2/accounts/{ACCOUNT}/jobs/ProcessFileJob/{job['jobId']}", "DELETE")).status == 204
    await eventually(lambda: scraped(service), lambda shown: shown.get("soundpath_engine_exits_total{reason=cancelled}"))
    await service.finished(f"/{ACCOUNT}/audio/chirp.wav?f=wav&rp=2&version=behind")


@pytest.mark.parametrize("header", ["Forwarded", "X_Forwarded_For", "Via", "X_Real_IP"])
async def test_nobody_reads_metrics_through_a_proxy(service: Service, header: str) -> None:
    answer = await service.get("/metrics", **{header: "127.0.0.1"})
    assert answer.status == 404
    assert b"soundpath_" not in answer.body


async def test_only_the_named_networks_read_metrics(tmp_path: Path) -> None:
    async with Service(tmp_path / "data", environment={"SOUNDPATH_METRICS_NETWORKS": "192.0.2.0/24", "SOUNDPATH_WORKERS": "0"}) as closed:
        assert (await closed.get("/metrics")).status == 404
        assert (await closed.get("/readyz")).json()["status"] == "ok"


async def test_processes_of_one_machine_answer_together_and_the_dead_are_left_out(tmp_path: Path) -> None:
    """Two programs on one data folder: what both count is seen at each, and a killed one's number is taken again."""
    first, second = (Service(tmp_path / "data", environment={"SOUNDPATH_WORKERS": "0"}) for _ in range(2))
    async with first:
        await second.start()
        for _ in range(5):
            await second.get("/robots.txt")
        name = "soundpath_requests_total{route=/robots.txt,status=200}"
        await eventually(lambda: scraped(first), lambda shown: shown.get(name) == 5)
        assert (await scraped(second))["soundpath_up{part=store}"] == 1, "what is shared is not added up"
        await second.kill()
        await eventually(lambda: scraped(first), lambda shown: name not in shown)
        await second.start()
        await second.get("/robots.txt")
        shown = (await second.get("/metrics")).body.decode()
        assert 'route="/robots.txt",status="200"' in shown.replace('process="1",', "")
        assert 'process="1"' in shown
        assert 'process="2"' not in shown
        await second.stop()


async def test_measuring_a_hit_costs_microseconds() -> None:
    answer = web.Response()
    request = make_mocked_request("GET", "/hit")

    async def handler(_request: web.Request) -> web.StreamResponse:
        return answer

    def run(call: Callable[[], object]) -> float:
        def turn() -> None:
            coroutine = call()
            try:
                coroutine.send(None)  # type: ignore[attr-defined]
            except StopIteration:
                return

        return min(timeit(turn, timer=time.process_time, number=2_000) for _ in range(10)) / 2_000  # what others do meanwhile is left out

    cost_seconds = run(lambda: measured(request, handler)) - run(lambda: handler(request))
    assert cost_seconds < HIT_COST_SECONDS, f"{cost_seconds * 1e6:.2f} µs"
