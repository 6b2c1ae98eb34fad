"""Folders on a web server: read through, transformed in every format, with the origin asked as the folder says."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from urllib.parse import quote, urljoin

import jwt
import pytest

from tests import tones
from tests.app.files.api import call, finish, ok
from tests.app.files.origin import Origin, origin_of
from tests.service import ACCOUNT, Service, running

RATE_HZ = 44_100
FORMATS = {"mp3": "/audio.mp3", "aac": "/audio.aac", "wav-riff": "/audio.wav", "wav-rf64": "/audio.wav"}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("origin")
    (folder / "media").mkdir()
    tones.write(folder / "media" / "tone.flac", tones.chirp(5, RATE_HZ), RATE_HZ)
    return folder


@asynccontextmanager
async def web_folder(tmp_path: Path, media: Path, *, ranges: bool = True, **layer: object) -> AsyncIterator[tuple[Service, Origin]]:
    async with origin_of(media, ranges=ranges) as origin, running(tmp_path, SOUNDPATH_FETCH_ALLOWED_HOSTS=origin.host) as service:
        stored = {"type": "Web", "baseUrl": f"http://{origin.host}/media", **layer}
        await ok(service, "PUT", "/folders", {"folderPath": "/far", "folderSettings": {"storageLayer": {"set": True, "value": stored}}})
        yield service, origin


async def test_raw_bytes_pass_through_with_ranges(tmp_path: Path, media: Path) -> None:
    content = (media / "media" / "tone.flac").read_bytes()
    async with web_folder(tmp_path, media) as (service, _):
        whole = await service.get(f"/{ACCOUNT}/raw/far/tone.flac")
        assert (whole.status, whole.body, whole.headers["content-type"]) == (200, content, "audio/flac")
        part = await service.get(f"/{ACCOUNT}/raw/far/tone.flac", Range="bytes=1000-1999")
        assert (part.status, part.body) == (206, content[1000:2000])
        again = await service.get(f"/{ACCOUNT}/raw/far/tone.flac", If_None_Match=whole.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        assert (await service.get(f"/{ACCOUNT}/raw/far/none.flac")).status == 404


async def test_an_origin_without_ranges_serves_them_too(tmp_path: Path, media: Path) -> None:
    content = (media / "media" / "tone.flac").read_bytes()
    async with web_folder(tmp_path, media, ranges=False) as (service, _):
        part = await service.get(f"/{ACCOUNT}/raw/far/tone.flac", Range="bytes=1000-1999")
        assert (part.status, part.body) == (206, content[1000:2000])


async def test_every_format_works(tmp_path: Path, media: Path) -> None:
    async with web_folder(tmp_path, media) as (service, origin):
        for name, artifact in FORMATS.items():
            answer = await service.artifact(f"/{ACCOUNT}/audio/far/tone.flac?f={name}")
            assert (answer.status, len(answer.body) > 10_000) == (200, True), (name, artifact)
        meta = await service.get(f"/{ACCOUNT}/audio/far/tone.flac?f=meta")
        assert meta.json()["tracks"][0]["codec"] == "FLAC"
        master = await service.get(f"/{ACCOUNT}/audio/far/tone.flac?f=hls-aac-rt")
        assert (master.status, master.body.startswith(b"#EXTM3U")) == (200, True)
        tokens = [headers["X-Soundpath-Request-Verification"] for _, headers in origin.asked]
        claims = [jwt.decode(token, options={"verify_signature": False}) for token in tokens]
        assert all(set(claim) - {"job"} == {"account", "url", "iat", "exp", "jti"} for claim in claims)


async def test_what_a_job_fetches_says_for_which_job(tmp_path: Path, media: Path) -> None:
    tones.write(media / "media" / "long.wav", tones.noise(120, 44_100), 44_100)  # more than is fetched before the job begins
    async with web_folder(tmp_path, media) as (service, origin):
        job = await service.finished(f"/{ACCOUNT}/audio/far/long.wav?f=mp3")
        tokens = [headers["X-Soundpath-Request-Verification"] for _, headers in origin.asked]
        assert job["jobId"] in {jwt.decode(token, options={"verify_signature": False}).get("job") for token in tokens}


async def test_the_origin_sees_only_what_the_folder_forwards(tmp_path: Path, media: Path) -> None:
    rule = {"type": "Whitelist", "parameters": [{"name": "token"}]}
    async with web_folder(tmp_path, media, appendQueryString="key=1", queryStringForwarding=rule) as (service, origin):
        await service.get(f"/{ACCOUNT}/raw/far/tone.flac?token=a%20b&other=2&download=true")
        assert {target for target, _ in origin.asked} == {"/media/tone.flac?key=1&token=a+b"}
        origin.asked.clear()
        jobs = [await service.finished(f"/{ACCOUNT}/audio/far/tone.flac?f=mp3&token={token}") for token in ("a", "b")]
        assert jobs[0]["jobId"] != jobs[1]["jobId"], "what the origin is asked with is part of the identity"
        assert {target.partition("token=")[2] for target, _ in origin.asked} == {"a", "b"}
        assert (await service.artifact(f"/{ACCOUNT}/audio/far/tone.flac?f=mp3&token=a")).status == 200


async def test_an_origin_that_wants_a_token_gets_it_from_whatever_is_asked(tmp_path: Path, media: Path) -> None:
    """The page, its links, lists and segments, metadata, price, embed and save: all of them read the file that the URL's token opens."""
    rule = {"type": "Whitelist", "parameters": [{"name": "token"}]}
    file = f"/{ACCOUNT}/audio/far/tone.flac"
    async with web_folder(tmp_path, media, queryStringForwarding=rule) as (service, origin):
        origin.demands = "token=open+sesame"
        assert (await service.get(f"{file}?f=meta")).status == 404, "without it the file is not there"
        token = "token=open%20sesame"
        assert (await service.get(f"{file}?f=meta&{token}")).json()["tracks"]
        assert (await service.get(f"{file}?f=mp3&{token}", X_Soundpath_Dry_Run="1")).json()["billedSeconds"] == 10
        page = await service.get(f"{file}?br=64&{token}")
        assert page.status == 200
        address = quote(f"{service.url}{file}?{token}", safe="")
        assert (await service.get(f"/oembed?url={address}")).status == 200
        for master in (f"{file}?f=hls-aac-rt&{token}", f"{file}?f=hls-aac-rt&append=/far/tone.flac&{token}", _playlist_of(page.body)):
            assert await _plays(service, master), master
        saved = await call(service, "POST", f"{service.url}/{ACCOUNT}/save/audio/far/tone.flac?f=mp3&{token}", {"destination": "/mine.mp3"})
        job = await finish(service, saved.json())
        assert (saved.status, job["status"]) == (200, "Succeeded"), job["error"]
        assert (await service.get(f"/{ACCOUNT}/raw/mine.mp3")).status == 200


def _playlist_of(page: bytes) -> str:
    found = re.search(r'data-playlist="([^"]+)"', page.decode())
    assert found is not None
    return unescape(found[1])


async def _plays(service: Service, target: str) -> bool:
    """Whether every link that leads on from a list is answered, down to a segment."""
    answer = await service.get(target)
    if answer.status != 200 or not answer.body.startswith(b"#EXTM3U"):
        return answer.status == 200
    links = [line for line in answer.body.decode().splitlines() if line and not line.startswith("#")]
    return bool(links) and await _plays(service, urljoin(service.url + target, links[0]).removeprefix(service.url))


async def test_remote_folders_are_read_only(tmp_path: Path, media: Path) -> None:
    async with web_folder(tmp_path, media) as (service, _):
        refused = await call(service, "POST", "/uploads/binary?filePath=/far/new.txt", b"x")
        assert (refused.status, refused.json()["error"]["code"]) == (403, "unauthorized")
        assert (await call(service, "DELETE", "/files?filePath=/far/tone.flac")).status == 403
        listed = await call(service, "GET", "/folders/list?folderPath=/far")
        assert (listed.status, listed.json()["error"]["code"]) == (400, "invalid_request")
        assert "web server" in listed.json()["error"]["message"]
        assert (await ok(service, "GET", "/folders/list?folderPath=/"))["items"][0]["folderPath"] == "/far"
        details = await ok(service, "GET", "/files/details?filePath=/far/tone.flac")
        assert details["size"] == (media / "media" / "tone.flac").stat().st_size


async def test_an_address_inside_our_network_is_refused_when_it_is_set(tmp_path: Path, media: Path) -> None:
    async with running(tmp_path) as service:
        for url in ("http://127.0.0.1/x", "http://169.254.169.254/latest", "http://[::1]/", "ftp://example.org/"):
            value = {"type": "Web", "baseUrl": url}
            asked = {"folderPath": "/far", "folderSettings": {"storageLayer": {"set": True, "value": value}}}
            assert (await call(service, "PUT", "/folders", asked)).status == 400, url
