"""Quota and jobs at once, over HTTP: refused before any work, exactly at the limit, whatever races; usage shows what was used."""

import asyncio
import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import tones
from tests.service import ACCOUNT, POLL_SECONDS, Answer, Service

pytestmark = pytest.mark.usefixtures("any_database")

SECONDS = 20  # an MP3 of it takes 15 quota seconds


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    (tmp_path / "library").mkdir()
    tones.write(tmp_path / "library" / "x.wav", tones.chirp(SECONDS, 44_100), 44_100)
    limit = (tmp_path / "library" / "x.wav").stat().st_size * 2
    (tmp_path / "library" / "bad.wav").write_text("no audio")
    async with Service(tmp_path / "data", tmp_path / "library", {"SOUNDPATH_MAX_INPUT_BYTES": str(limit)}) as running:
        yield running


def soundpath(service: Service, *arguments: str) -> str:
    environment = {"SOUNDPATH_DATA_DIR": str(service.data), "SOUNDPATH_LIBRARY_DIR": str(service.library), "PATH": "/usr/bin:/bin"}
    environment |= service.database()
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def at(query: str, path: str = "/x.wav") -> str:
    return f"/{ACCOUNT}/audio{path}?{query}"


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["error"]["code"]


async def test_a_monthly_quota_is_kept_to_the_second(service: Service) -> None:
    await asyncio.to_thread(soundpath, service, "accounts", "limit", "--quota-seconds", "45")
    answers = await asyncio.gather(*(service.get(at(f"f=mp3&br={rate}")) for rate in (64, 72, 80, 88, 96, 104)))
    assert sorted(answer.status for answer in answers) == [200] * 3 + [402] * 3, "three fit, and those that run count too"
    begun = [answer.json() for answer in answers if answer.status == 200]
    assert {code(answer) for answer in answers if answer.status == 402} == {(402, "quota_exceeded")}
    for job in begun:
        await service.finished(job["jobUrl"].removeprefix(service.url))
    assert code(await service.get(at("f=mp3&br=112"))) == (402, "quota_exceeded")
    assert (await service.get(at("f=mp3&br=112&cache_only=true"))).status == 404, "nothing was begun"
    done = begun[0]["jobUrl"].removeprefix(service.url)
    link = (await service.get(done)).json()["summary"]["result"]["artifactUrl"].removeprefix(service.url)
    assert (await service.get(link)).status == 200, "what is made is served whatever the quota"
    assert (await service.finished(at("f=mp3", "/bad.wav")))["status"] == "Failed", "what cannot be made costs nothing and says why"
    await asyncio.to_thread(soundpath, service, "accounts", "limit")
    assert (await service.finished(at("f=mp3&br=112")))["status"] == "Succeeded"

    usage = (await service.get(f"/v2/accounts/{ACCOUNT}/usage")).json()
    assert (usage["total"]["jobs"], usage["total"]["quotaSeconds"], usage["total"]["billedSeconds"]) == (4, 60.0, 80.0)
    table = await service.get(f"/v2/accounts/{ACCOUNT}/usage?format=csv&pathPrefix=/x")
    rows = list(csv.DictReader(io.StringIO(table.body.decode())))
    assert [(row["format"], row["jobs"], row["quotaSeconds"]) for row in rows] == [("mp3", "4", "60.0")]
    nothing = (await service.get(f"/v2/accounts/{ACCOUNT}/usage?pathPrefix=/y&from=2020-01-01&to=2020-01-31")).json()
    assert (nothing["items"], nothing["total"]["jobs"]) == ([], 0)
    for bad in ("from=x", "from=2026-02-30", "from=20260101", "to=2020-01-01", "pathPrefix=x", "format=xml", "to=9999-12-31"):
        assert code(await service.get(f"/v2/accounts/{ACCOUNT}/usage?{bad}")) == (400, "invalid_parameter"), bad


async def test_jobs_at_once(service: Service) -> None:
    await asyncio.to_thread(soundpath, service, "accounts", "limit", "--concurrent-jobs", "2")
    answers = await asyncio.gather(*(service.get(at(f"f=mp3&rp=1000&br={rate}")) for rate in (64, 72, 80, 88)))
    assert sorted(answer.status for answer in answers) == [200, 200, 409, 409]
    running = [answer.json()["jobUrl"].removeprefix(service.url) for answer in answers if answer.status == 200]
    again = next(rate for rate, answer in zip((64, 72, 80, 88), answers, strict=True) if answer.status == 200)
    assert (await service.get(at(f"f=mp3&rp=1000&br={again}"))).status == 200, "to join is not to begin"
    for job in running:
        assert (await service.get(job, "DELETE")).status == 204
    deadline = time.monotonic() + 30
    while (await service.get(at("f=mp3&br=96"))).status == 409:
        assert time.monotonic() < deadline
        await asyncio.sleep(POLL_SECONDS)


async def test_seconds_times_channels(tmp_path: Path) -> None:
    """20 s of MP3 are 40 channel seconds, as MP3 is stereo; of mono WAV 20."""
    tones.write(tmp_path / "x.wav", tones.chirp(SECONDS, 44_100), 44_100, "-ac", "1")
    async with Service(tmp_path / "data", tmp_path, {"SOUNDPATH_MAX_CHANNEL_SECONDS": "100"}) as running:
        for query, status in (("f=mp3&rp=2", "Succeeded"), ("f=mp3&rp=3", "Failed"), ("f=wav&rp=3", "Succeeded"), ("f=wav&rp=6", "Failed")):
            job = await running.finished(at(query))
            assert job["status"] == status, query
            if status == "Failed":
                assert job["error"]["code"] == "too_large"
                assert "channels" in job["error"]["message"]
        assert (await running.get(at("f=hls-aac-rt&rp=3"))).status in (413, 422)


async def test_the_command_line_keeps_to_seconds_times_channels_too(tmp_path: Path) -> None:
    tones.write(tmp_path / "x.wav", tones.chirp(6, 44_100), 44_100, "-ac", "1")
    environment = {"SOUNDPATH_MAX_CHANNEL_SECONDS": "10", "SOUNDPATH_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "app", "encode", str(tmp_path / "x.wav")]
    for query, status, said in (("f=wav", 0, ""), ("f=mp3", 2, "of 2 channels; 10 s of one are allowed")):
        line = [*command, query, "-o", str(tmp_path / "out")]
        done = await asyncio.to_thread(subprocess.run, line, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr


async def test_inputs_that_are_too_large(service: Service) -> None:
    assert service.library is not None
    tones.write(service.library / "large.wav", tones.chirp(SECONDS * 3, 44_100), 44_100)
    assert code(await service.get(at("f=mp3", "/large.wav"))) == (413, "too_large")
    assert code(await service.get(at("f=mp3&append=/large.wav"))) == (413, "too_large")
