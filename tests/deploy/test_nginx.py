"""The edge configuration: nginx accepts it, and real traffic through it is what the service alone would answer, fetched once."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import tones
from tests.app.web.exchange import exchange
from tests.deploy.edge import NGINX, adapted, edge, write_main
from tests.service import ACCOUNT, Service

pytestmark = pytest.mark.skipif(NGINX is None and os.environ.get("SOUNDPATH_REQUIRE_TOOLS") != "1", reason="nginx is not installed")

SONG = f"/{ACCOUNT}/audio/song.wav"


def test_nginx_accepts_it(tmp_path: Path) -> None:
    assert NGINX is not None
    config = write_main(tmp_path, adapted(tmp_path, 18_080, 18_081))
    ran = subprocess.run([NGINX, "-t", "-p", str(tmp_path), "-e", "stderr", "-c", str(config)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "[warn]" not in ran.stderr


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    library = tmp_path / "library"
    library.mkdir()
    tones.write(library / "song.wav", tones.music(40, 44_100), 44_100)
    async with Service(tmp_path / "data", library, {"SOUNDPATH_ACCESS_LOG": "true"}) as running:
        yield running


def origin_port(service: Service) -> int:
    return int(service.url.rpartition(":")[2])


def requests_logged(service: Service, *words: str) -> int:
    return sum(all(word in line for word in ("request", *words)) for line in service.log().splitlines())


async def test_what_is_finished_is_fetched_once(service: Service, tmp_path: Path) -> None:
    target = f"{SONG}?f=wav&sr=44.1&a=/audio.wav"
    made = await service.get(f"{target}&wait=60")
    assert made.status == 200
    assert len(made.body) > 4 * 2**20  # more than one slice
    async with edge(tmp_path / "edge", origin_port(service)) as (port, _):
        answers = await asyncio.gather(*(exchange(port, target) for _ in range(8)))
        assert all(answer.status == 200 and answer.body == made.body for answer in answers)
        fetched = 1 + -(-len(made.body) // (4 * 2**20))  # the one without nginx, then each slice once
        assert requests_logged(service, "GET", target) == fetched
        part = await exchange(port, target, headers={"Range": "bytes=5000000-5000099"})
        assert (part.status, part.body) == (206, made.body[5_000_000:5_000_100])
        assert part.headers["Content-Range"] == f"bytes 5000000-5000099/{len(made.body)}"
        again = await exchange(port, target, headers={"If-None-Match": answers[0].headers["ETag"]})
        assert again.status == 304
        head = await exchange(port, target, "HEAD")
        assert (head.status, head.headers["Content-Length"]) == (200, str(len(made.body)))
        assert requests_logged(service, "GET", target) == fetched


async def test_jobs_are_never_kept_and_head_starts_nothing(service: Service, tmp_path: Path) -> None:
    async with edge(tmp_path / "edge", origin_port(service)) as (port, _):
        cold = await exchange(port, f"{SONG}!f=mp3&a=/audio.mp3", "HEAD")
        assert cold.status == 404
        assert requests_logged(service, "GET", "f=mp3") == 0
        first = await exchange(port, f"{SONG}!f=mp3&a=/audio.mp3")
        assert first.status == 404
        assert b'"status"' in first.body
        held = await exchange(port, f"{SONG}!f=mp3&a=/audio.mp3&wait=60")
        assert held.status == 200
        now = await exchange(port, f"{SONG}!f=mp3&a=/audio.mp3")
        assert (now.status, now.body) == (200, held.body)


async def test_playlists_and_segments_pass(service: Service, tmp_path: Path) -> None:
    async with edge(tmp_path / "edge", origin_port(service)) as (port, _):
        master = await exchange(port, f"{SONG}!f=hls-aac-rt")
        assert master.status == 200, master.body
        listed = f"{SONG}!f=hls-aac-rt&a=/0f/manifest.m3u8"
        address = next((line for line in master.body.decode().splitlines() if line and not line.startswith("#")), listed)
        assert "manifest.m3u8" in address
        names = [f"{SONG}!f=hls-aac-rt&a=/0f/seg{number}.aac" for number in (0, 3, 1)]
        segments = await asyncio.gather(*(exchange(port, name) for name in names))
        assert all(segment.status == 200 and segment.body.startswith(b"ID3") for segment in segments)
        assert all(segment.headers["Content-Type"] == "audio/aac" for segment in segments)


async def test_lists_are_compressed_and_audio_is_not(service: Service, tmp_path: Path) -> None:
    async with edge(tmp_path / "edge", origin_port(service)) as (port, _):
        await service.finished(f"{SONG}!f=hls-aac")
        zipped = {"Accept-Encoding": "gzip"}
        master = await exchange(port, f"{SONG}!f=hls-aac&a=/audio.m3u8", headers=zipped)
        raw = await exchange(port, f"/{ACCOUNT}/raw/song.wav", headers=zipped)
        assert (master.status, raw.status) == (200, 200)
        assert "Content-Encoding" not in raw.headers
        assert raw.body == (tmp_path / "library" / "song.wav").read_bytes()


async def test_a_path_that_only_the_raw_address_tells(service: Service, tmp_path: Path) -> None:
    """Escapes reach the service as they were written."""
    (tmp_path / "library" / "a!b + c.wav").write_bytes((tmp_path / "library" / "song.wav").read_bytes())
    async with edge(tmp_path / "edge", origin_port(service)) as (port, _):
        answer = await exchange(port, f"/{ACCOUNT}/raw/a%21b%20+%20c.wav", headers={"Range": "bytes=0-3"})
        assert (answer.status, answer.body) == (206, b"RIFF")
        assert (await exchange(port, f"/{ACCOUNT}/raw/../../etc/passwd")).status in (400, 404)
