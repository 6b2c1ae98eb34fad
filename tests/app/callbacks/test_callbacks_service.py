"""Callbacks from a running service to a real receiver, which verifies both signatures; across retries, kills and restarts."""

import asyncio
import base64
import hmac
import json
import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from sqlalchemy import update

from app.callbacks.deliveries import CLAIM_SECONDS
from app.callbacks.tables import callback_deliveries as deliveries
from storage.db import Database
from tests import tones
from tests.app.callbacks.receiver import Receiver, receiving
from tests.service import ACCOUNT, POLL_SECONDS, Service
from tests.storage.fetch.origins import serving

pytestmark = pytest.mark.usefixtures("any_database")

API = f"/v2/accounts/{ACCOUNT}"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "library").mkdir()
    tones.write(tmp_path / "library" / "x.wav", tones.chirp(2, 44_100), 44_100)
    return tmp_path / "library"


def at(query: str, url: str) -> str:
    return f"/{ACCOUNT}/audio/x.wav?{query}&callback={quote(url, safe='')}"


async def send(service: Service, target: str, document: Any, method: str = "POST") -> Any:
    answer = await service.send(API + target, method, json.dumps(document).encode(), Content_Type="application/json")
    assert answer.status in (200, 204), answer.body
    return answer.json() if answer.body else None


async def test_a_job_is_told_once_signed_twice(library: Path, tmp_path: Path) -> None:
    async with receiving() as receiver:
        environment = {"SOUNDPATH_FETCH_ALLOWED_HOSTS": f"127.0.0.1:{receiver.port}"}
        async with Service(tmp_path / "data", library, environment) as service:
            url = f"http://127.0.0.1:{receiver.port}/told?x=1"
            subscription = await send(service, "/callbacks/subscriptions", {"url": f"http://127.0.0.1:{receiver.port}/all"})
            for _ in range(5):
                await service.get(at("f=mp3", url))
            job = await service.finished(at("f=mp3", url))
            seen = {path: (headers, body) for path, headers, body in await receiver.wait(2)}
            assert len(receiver.seen) == 2
            listed = (await service.get(f"{API}/callbacks/subscriptions")).json()
            keys = jwt.PyJWKSet.from_dict((await service.get("/.well-known/jwks.json")).json())
            for path, secret, whole in (("/told", listed["requestSecret"], url), ("/all", subscription["secret"], subscription["url"])):
                headers, body = seen[path]
                told = json.loads(body)
                assert (told["jobId"], told["status"]) == (job["jobId"], "Succeeded")
                assert told["summary"]["result"]["artifact"] == "/audio.mp3"
                signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
                expected = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, sha256)
                assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
                assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
                token = headers["X-Soundpath-Request-Verification"]
                head = jwt.get_unverified_header(token)
                claims = jwt.decode(token, keys[head["kid"]].key, algorithms=["ES512"], options={"require": ["iat", "exp", "jti"]})
                assert (claims["account"], claims["job"], claims["url"]) == (ACCOUNT, job["jobId"], whole)
                assert claims["sha256"] == sha256(body).hexdigest()
            deliveries = (await service.get(f"{API}/callbacks/deliveries?jobId={job['jobId']}")).json()["items"]
            assert {(each["url"], each["tries"]) for each in deliveries} == {(url, 1), (subscription["url"], 1)}

            late = f"http://127.0.0.1:{receiver.port}/late"  # the job has ended long since
            await service.get(at("f=mp3", late))
            assert (await receiver.wait(3))[2][0] == "/late"
            for status in (204, 404):
                gone = f"{API}/callbacks/subscriptions?subscriptionId={subscription['subscriptionId']}"
                assert (await service.get(gone, "DELETE")).status == status


async def test_failures_are_told_5xx_tried_again_and_4xx_final(library: Path, tmp_path: Path) -> None:
    async with receiving(503, 200) as receiver, receiving(404) as deaf:
        environment = {"SOUNDPATH_FETCH_ALLOWED_HOSTS": f"127.0.0.1:{receiver.port},127.0.0.1:{deaf.port}"}
        async with Service(tmp_path / "data", library, environment) as service:
            (library / "x.wav").write_text("no audio")
            await service.get(at("f=mp3", f"http://127.0.0.1:{receiver.port}/"))
            job = await service.finished(at("f=mp3", f"http://127.0.0.1:{deaf.port}/"))
            assert job["status"] == "Failed"
            first, second = await receiver.wait(2)
            assert first[1]["webhook-id"] == second[1]["webhook-id"], "so that a receiver can tell a repetition"
            assert json.loads(second[2])["error"]["code"] == "unsupported_input"
            deadline = time.monotonic() + 20
            while await states(service) != {("Delivered", 2, 200), ("Failed", 1, 404)}:
                assert time.monotonic() < deadline
                await asyncio.sleep(POLL_SECONDS)


async def states(service: Service) -> set[tuple[str, int, int | None]]:
    items = (await service.get(f"{API}/callbacks/deliveries")).json()["items"]
    return {(each["state"], each["tries"], each["lastStatus"]) for each in items}


async def let_pass(service: Service, seconds: int) -> None:
    """So long nobody does anything: the times of all deliveries lie as much further back."""
    database = Database(service.database().get("SOUNDPATH_DATABASE_URL") or f"sqlite+aiosqlite:///{service.data / 'soundpath.db'}")
    try:
        async with database.write() as connection:
            await connection.execute(update(deliveries).values(due_ms=deliveries.c.due_ms - seconds * 1000))
    finally:
        await database.close()


async def test_a_delivery_survives_a_kill(library: Path, tmp_path: Path) -> None:
    async with receiving() as receiver:
        port = receiver.port
    # Nobody listens now: the first try fails, and the service is killed before the second.
    environment = {"SOUNDPATH_FETCH_ALLOWED_HOSTS": f"127.0.0.1:{port}"}
    service = Service(tmp_path / "data", library, environment)
    await service.start()
    await service.finished(at("f=mp3", f"http://127.0.0.1:{port}/"))
    deadline = time.monotonic() + 30
    while not any(state == ("Due", 1, None) for state in await states(service)):
        assert time.monotonic() < deadline
        await asyncio.sleep(POLL_SECONDS)
    await service.kill()
    await let_pass(service, CLAIM_SECONDS)  # it was killed in the middle of the try, which is given up then
    back = Receiver()
    async with serving(back.answer, port=port), Service(tmp_path / "data", library, environment) as again:
        await back.wait(1)
        while ("Delivered", 2, 200) not in await states(again):
            assert time.monotonic() < deadline + 60
            await asyncio.sleep(POLL_SECONDS)


REFUSED = ("http://127.0.0.1/", "http://localhost:22/", "ftp://x.example/", "x", "http://169.254.169.254/", "http://u:p@x.example/")


async def test_urls_we_never_call_are_refused_before_the_job(library: Path, tmp_path: Path) -> None:
    async with Service(tmp_path / "data", library, {"SOUNDPATH_FETCH_ALLOWED_HOSTS": "127.0.0.9:8080"}) as service:
        for url in REFUSED:
            answer = await service.get(at("f=mp3&br=24", url))
            assert (answer.status, list(answer.json()["error"]["details"])) == (400, ["query.callback"])
            assert (await service.get(f"/{ACCOUNT}/audio/x.wav?f=mp3&br=24&cache_only=true")).status == 404
            refused = await service.send(f"{API}/callbacks/subscriptions", "POST", json.dumps({"url": url}).encode())
            assert refused.status == 400
        for number in range(9):
            answer = await service.get(at("f=mp3", f"http://127.0.0.9:8080/{number}"))
            assert answer.status == (200 if number < 8 else 409)
