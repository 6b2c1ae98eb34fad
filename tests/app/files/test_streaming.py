"""Originals on web servers are decoded while they arrive: what is fetched and how often, and how it ends when the other side misbehaves."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests import tones
from tests.app.files.api import ok
from tests.app.hls_client import Player, until
from tests.paced_origin import PacedOrigin, paced_origin
from tests.service import ACCOUNT, Service, running

RATE_HZ = 44_100
SECONDS = 60
HEAD_BYTES = 64 * 1024
"""Asked for again when the job begins more than a second after its request."""

NAMES = {
    "late.mp4": ("-c:a", "alac"),  # its index stands at the end
    "tone.flac": (),
    "tone.mp3": ("-b:a", "320k"),
    "tone.ogg": ("-c:a", "libvorbis", "-q:a", "9"),
    "tone.wav": (),
}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streamed")
    sound = tones.noise(SECONDS, RATE_HZ)
    for name, codec in NAMES.items():
        tones.write(folder / name, sound, RATE_HZ, *codec)
    return folder


@asynccontextmanager
async def far_folder(data: Path, media: Path, max_bytes: int = 10**9, **settings: object) -> AsyncIterator[tuple[Service, PacedOrigin]]:
    """A service whose folder /far is on the other side; its library has the same files, near."""
    ours = {"SOUNDPATH_DRAIN_SECONDS": "0", "SOUNDPATH_MAX_UPLOAD_BYTES": str(max_bytes)}
    async with (
        paced_origin(media, **settings) as origin,
        running(data, media, SOUNDPATH_FETCH_ALLOWED_HOSTS=origin.host, **ours) as service,
    ):
        layer = {"type": "Web", "baseUrl": f"http://{origin.host}"}
        await ok(service, "PUT", "/folders", {"folderPath": "/far", "folderSettings": {"storageLayer": {"set": True, "value": layer}}})
        yield service, origin


def times_sent(origin: PacedOrigin, name: str) -> int:
    """How often any byte behind the beginning was sent."""
    later = [(max(HEAD_BYTES, start), end) for start, end in origin.sent[f"/{name}"] if end > HEAD_BYTES]
    return PacedOrigin(origin.folder, 0, sent={name: later}).times_sent(name)


async def wav(service: Service, path: str) -> bytes:
    answer = await service.artifact(f"/{ACCOUNT}/audio/{path}?f=wav-riff")
    assert answer.status == 200
    return answer.body


@pytest.mark.parametrize("ranges", [True, False])
async def test_every_container_gives_what_it_gives_at_home(ranges: bool, tmp_path: Path, media: Path) -> None:
    async with far_folder(tmp_path, media, ranges=ranges, bytes_per_second=20e6) as (service, origin):
        for name in NAMES:
            assert await wav(service, f"far/{name}") == await wav(service, name), name
            assert not ranges or times_sent(origin, name) == 1, name
            meta = [await service.get(f"/{ACCOUNT}/audio/{path}?f=meta") for path in (f"far/{name}", name)]
            assert meta[0].json() == meta[1].json(), name


async def test_two_jobs_at_once_fetch_each_byte_once(tmp_path: Path, media: Path) -> None:
    async with far_folder(tmp_path, media, bytes_per_second=5e6) as (service, origin):
        jobs = [service.finished(f"/{ACCOUNT}/audio/far/tone.flac?f={f}") for f in ("mp3", "aac", "wav-riff", "hls-aac")]
        assert {job["status"] for job in await asyncio.gather(*jobs)} == {"Succeeded"}
        assert times_sent(origin, "tone.flac") == 1


@pytest.mark.parametrize("name", ["late.mp4", "tone.flac", "tone.wav"])
async def test_a_player_hears_and_seeks_before_the_file_is_here(name: str, tmp_path: Path, media: Path) -> None:
    size = (media / name).stat().st_size
    async with far_folder(tmp_path, media, bytes_per_second=size / 20) as (service, origin):  # the whole takes 20 s
        player = Player(service, f"/{ACCOUNT}/audio/far/{name}?f=hls-aac-rt")
        (media_list,) = await player.lists()
        segments = await player.segments(media_list)
        await player.get(segments[0])
        first = origin.sent_bytes(f"/{name}")
        await player.get(segments[-2])
        assert (first < size / 2, origin.sent_bytes(f"/{name}") < size) == (True, True), (first, origin.sent_bytes(f"/{name}"), size)


async def test_without_ranges_a_stream_is_heard_at_once_too(tmp_path: Path, media: Path) -> None:
    """An MP3 whose header tells its length: nothing at its end has to be looked at."""
    size = (media / "tone.mp3").stat().st_size
    async with far_folder(tmp_path, media, ranges=False, bytes_per_second=size / 20) as (service, origin):
        player = Player(service, f"/{ACCOUNT}/audio/far/tone.mp3?f=hls-aac-rt")
        (media_list,) = await player.lists()
        await player.get((await player.segments(media_list))[0])
        assert max(end for _, end in origin.sent["/tone.mp3"]) < size


async def test_a_file_that_changes_half_way_is_never_mixed(tmp_path: Path, media: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    shutil.copy(media / "tone.wav", theirs / "x.wav")
    async with far_folder(tmp_path / "data", theirs, bytes_per_second=2e6) as (service, origin):
        target = f"/{ACCOUNT}/audio/far/x.wav?f=wav-riff"
        await service.get(target)
        await until(lambda: _sent(origin, "/x.wav", 1_000_000))
        tones.write(theirs / "new.wav", tones.chirp(SECONDS, RATE_HZ), RATE_HZ)
        os.replace(theirs / "new.wav", theirs / "x.wav")
        origin.bytes_per_second = 50e6
        assert await wav(service, "far/x.wav") == await wav(service, "x.wav")
        assert "The file was changed while it was being read" in service.log()


async def test_a_server_that_breaks_off_is_asked_for_the_rest(tmp_path: Path, media: Path) -> None:
    async with far_folder(tmp_path, media, breaks_after=700_000) as (service, _):
        assert await wav(service, "far/tone.flac") == await wav(service, "tone.flac")


async def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(tmp_path: Path, media: Path) -> None:
    async with far_folder(tmp_path, media, max_bytes=1_000_000) as (service, origin):
        answer = await service.get(f"/{ACCOUNT}/audio/far/tone.flac?f=mp3")
        assert (answer.status, answer.json()["error"]["code"]) == (413, "too_large")
        assert origin.sent_bytes("/tone.flac") <= HEAD_BYTES


async def test_a_truncated_file_fails_clearly(tmp_path: Path, media: Path) -> None:
    async with far_folder(tmp_path, media, ranges=False, breaks_after=1_000_000) as (service, _):
        job = await service.finished(f"/{ACCOUNT}/audio/far/tone.flac?f=mp3")
        assert (job["status"], "host" in job["error"]["message"]) == ("Failed", True), job
        assert len(await wav(service, "tone.flac")) > 1_000_000


async def test_a_server_that_falls_silent_holds_nobody_else_up_and_can_be_left(tmp_path: Path, media: Path) -> None:
    async with far_folder(tmp_path, media, stalls_at=2 * HEAD_BYTES) as (service, origin):
        # More of them than there are children that probe.
        asked = [asyncio.create_task(service.get(f"/{ACCOUNT}/audio/far/{name}?f=meta")) for name in NAMES]
        job = (await service.get(f"/{ACCOUNT}/audio/far/tone.flac?f=hls-aac")).json()
        assert len(await wav(service, "tone.mp3")) > 1_000_000
        assert not any(request.done() for request in asked)
        job_target = job["jobUrl"].removeprefix(service.url)
        await service.get(job_target, "DELETE")
        assert (await service.finished(job_target, seconds=20))["status"] == "Cancelled"
        origin.goes_on.set()
        assert {answer.status for answer in await asyncio.gather(*asked)} == {200}


async def test_killed_in_the_middle_it_begins_anew(tmp_path: Path, media: Path) -> None:
    target = f"/{ACCOUNT}/audio/far/tone.flac?f=wav-riff"
    async with far_folder(tmp_path, media, bytes_per_second=1e6) as (service, origin):
        await service.get(target)
        await until(lambda: _sent(origin, "/tone.flac", 1_500_000))
        await service.kill()
        left = _spools(tmp_path)
        assert left
        origin.bytes_per_second = 50e6
        await service.start()
        assert await wav(service, "far/tone.flac") == await wav(service, "tone.flac")
        assert not left & _spools(tmp_path)


def _spools(data: Path) -> set[str]:
    return {file for _, _, files in os.walk(data / "scratch") for file in files if file.startswith("spool-")}


async def _sent(origin: PacedOrigin, path: str, size_bytes: int) -> bool:
    return origin.sent_bytes(path) >= size_bytes
