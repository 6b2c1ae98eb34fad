"""Clients that fetch finished files from the object store themselves, as SOUNDPATH_S3_REDIRECT_SECONDS allows."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.app.cluster import put_chirp
from tests.servers import BUCKET, object_store
from tests.service import ACCOUNT, Service

SECONDS = 60
LARGE = f"/{ACCOUNT}/audio/chirp.wav?f=wav"
SMALL = f"/{ACCOUNT}/audio/chirp.wav?f=wav&sr=8&te=1"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    with object_store() as objects:
        shared = {"SOUNDPATH_STORE": f"s3://{BUCKET}", "SOUNDPATH_S3_REDIRECT_SECONDS": str(SECONDS), **objects.environment}
        shared |= {"SOUNDPATH_DATA_DIR": str(tmp_path / "data")}
        await put_chirp(tmp_path, shared)
        async with Service(tmp_path / "data", None, shared) as running:
            yield running


async def test_large_files_are_fetched_from_the_store(service: Service) -> None:
    answer = await service.artifact(LARGE)
    assert (answer.status, answer.headers["cache-control"]) == (302, f"public, max-age={SECONDS // 2}")
    async with aiohttp.ClientSession() as client:
        location = URL(answer.headers["location"], encoded=True)
        async with client.get(location) as whole, client.get(location, headers={"Range": "bytes=44-143"}) as part:
            body = await whole.read()
            assert body[:4] == b"RIFF"
            assert whole.headers["Content-Type"] == "audio/wav"
            assert await part.read() == body[44:144]
        async with client.get(location.update_query({"X-Amz-Expires": "99999"})) as forged:
            assert forged.status == 403, "nobody makes his address last longer"
    artifact = (await service.finished(LARGE))["summary"]["result"]["artifactUrl"].removeprefix(service.url)
    told = await service.get(artifact, "HEAD")
    assert (told.status, int(told.headers["content-length"])) == (200, len(body)), "facts come from here"
    unchanged = await service.get(artifact, If_None_Match=told.headers["etag"])
    assert unchanged.status == 304


async def test_small_files_are_served_from_here(service: Service) -> None:
    answer = await service.artifact(SMALL)
    assert answer.status == 200
    assert answer.body[:4] == b"RIFF"
