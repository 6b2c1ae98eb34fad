"""What an operator does with a running service: asks whether it is well, follows a request through the log, and stops it."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from tests import tones
from tests.app.test_metrics import RATE_HZ, eventually, scraped
from tests.servers import BUCKET, object_store
from tests.service import ACCOUNT, Service


def chirps(folder: Path) -> Path:
    """A library with one file of 12 seconds."""
    folder.mkdir()
    tones.write(folder / "chirp.wav", tones.chirp(12, RATE_HZ), RATE_HZ)
    return folder


async def test_readyz_tells_what_does_not_answer(tmp_path: Path) -> None:
    """The store's folder is taken away and comes back: degraded meanwhile, but never unready."""
    async with Service(tmp_path / "data", environment={"SOUNDPATH_WORKERS": "0"}) as running:
        well = (await running.get("/readyz")).json()
        assert well["status"] == "ok"
        assert {name: part["ok"] for name, part in well["parts"].items()} == {"database": True, "store": True, "engine": True}
        tree = running.data / "objects" / "tree"
        tree.rename(tree.with_name("away"))
        tree.write_text("no folder")
        ill = await eventually(lambda: running.get("/readyz"), lambda answer: answer.json()["status"] != "ok")
        assert ill.status == 200
        assert (ill.json()["status"], ill.json()["parts"]["store"]["ok"]) == ("degraded", False)
        assert (await scraped(running))["soundpath_up{part=store}"] == 0
        tree.unlink()
        tree.with_name("away").rename(tree)
        await eventually(lambda: running.get("/readyz"), lambda answer: answer.json()["status"] == "ok")


async def test_a_request_leads_to_its_job_in_the_log(tmp_path: Path) -> None:
    async with Service(tmp_path / "data", chirps(tmp_path / "library"), {"SOUNDPATH_LOG_JSON": "1"}) as service:
        await follow(service)


async def follow(service: Service) -> None:
    answer = await service.get(f"/{ACCOUNT}/audio/chirp.wav?f=wav&version=logged", X_Request_Id="from-the-edge-1")
    job_id = answer.json()["jobId"]
    await service.finished(f"/{ACCOUNT}/audio/chirp.wav?f=wav&version=logged")

    async def lines_of_job() -> list[dict[str, Any]]:
        return [json.loads(line) for line in service.log().splitlines() if job_id in line]

    lines = await eventually(lines_of_job, lambda found: any(line["event"] == "job succeeded" for line in found))
    assert [line["request_id"] for line in lines if line["event"] == "job queued"] == ["from-the-edge-1"]
    assert all("request_id" not in line and line["attempt"] == 1 for line in lines if line["event"] == "job succeeded")


async def test_a_stop_finishes_what_is_begun_and_returns_the_rest(tmp_path: Path) -> None:
    """SIGTERM in the middle of everything: a short job ends, a long one goes back, who waits for it is answered, and the exit is clean."""
    library = chirps(tmp_path / "library")
    service = Service(tmp_path / "data", library, {"SOUNDPATH_WORKERS": "1", "SOUNDPATH_DRAIN_SECONDS": "2"})
    await service.start()
    long = f"/{ACCOUNT}/audio/chirp.wav?f=mp3&br=64&rp=3000"
    job_id = (await service.get(long)).json()["jobId"]
    waiting = asyncio.create_task(service.get(f"{long}&a=/audio.mp3&wait=60"))
    await eventually(lambda: scraped(service), lambda shown: shown.get("soundpath_engine_children{crew=encode,state=busy}"))
    begun = time.monotonic()
    os.kill(service.pid, signal.SIGTERM)
    answer = await waiting
    assert answer.status == 404
    assert answer.json()["jobId"] == job_id
    assert "retry-after" in answer.headers
    assert await service.stop() == 0
    assert time.monotonic() - begun < 20
    assert not list((service.data / "scratch").iterdir())
    async with Service(service.data, library, {"SOUNDPATH_WORKERS": "0"}) as later:
        found = (await later.get(f"/v2/accounts/{ACCOUNT}/jobs/ProcessFileJob/{job_id}")).json()
        assert found["status"] == "Pending", "nobody works it and nobody has lost it"


async def test_a_job_that_is_nearly_done_is_not_thrown_away(tmp_path: Path) -> None:
    library = chirps(tmp_path / "library")
    service = Service(tmp_path / "data", library, {"SOUNDPATH_WORKERS": "1", "SOUNDPATH_DRAIN_SECONDS": "30"})
    await service.start()
    target = f"/{ACCOUNT}/audio/chirp.wav?f=mp3&br=64&rp=20"
    job_id = (await service.get(target)).json()["jobId"]
    await eventually(lambda: scraped(service), lambda shown: shown.get("soundpath_jobs{status=Running}"))
    assert await service.stop() == 0
    async with Service(service.data, library, {"SOUNDPATH_WORKERS": "0"}) as later:
        found = (await later.get(f"/v2/accounts/{ACCOUNT}/jobs/ProcessFileJob/{job_id}")).json()
        assert found["status"] == "Succeeded"


async def test_fetches_from_an_object_store_are_seen(tmp_path: Path) -> None:
    with object_store() as objects:
        environment = {**objects.environment, "SOUNDPATH_STORE": f"s3://{BUCKET}/tier", "SOUNDPATH_WORKERS": "1"}
        async with Service(tmp_path / "data", chirps(tmp_path / "library"), environment) as service:
            before = await scraped(service)
            body = (await service.artifact(f"/{ACCOUNT}/audio/chirp.wav?f=aac&br=64")).body
            after = await scraped(service)
    assert before["soundpath_cache_hits_total{tier=store}"] == 0
    assert after["soundpath_cache_hits_total{tier=store}"] == 1
    assert after["soundpath_cache_bytes_total{tier=store}"] == len(body)
