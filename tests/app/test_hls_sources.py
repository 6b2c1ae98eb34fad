"""Originals that are cut short, replaced or deleted while an HLS variant is made from them: nobody hears two sounds in one list."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests import tones
from tests.app.files.api import call, upload
from tests.app.hls_client import Player, at, charges, decoded, job_of, until_status
from tests.service import Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE_HZ = 48_000
LOW_HZ, HIGH_HZ = 1000.0, 4000.0
QUERY = "?f=hls-aac-rt&br=64&br=128&rp=150"
"""Of half a minute: more than an hour, so that the encode goes on while a test looks."""
FAR = (40, 300, 900)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(library: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with Service(tmp_path_factory.mktemp("data"), library) as running:
        yield running


@pytest.mark.parametrize("form", ["vod", "event"])
async def test_a_source_that_breaks_off(service: Service, library: Path, form: str) -> None:
    file = tones.write(library / f"breaks-{form}.wav", tones.chirp(60, 48_000), 48_000)
    query = f"?f=hls-aac-rt&br=128&br=256&rp=20&version=breaks{form}&playlist={form}"
    player = Player(service, at(f"/{file.name}", query))
    (media, _) = await player.lists()
    with file.open("r+b") as broken:
        broken.truncate(200_000)
    await until_status(service, f"breaks{form}", "Failed")
    first = await job_of(service, f"breaks{form}")
    if form == "event":
        closed = await service.get(media)
        assert closed.headers["cache-control"] == "no-store"
        assert b"#EXT-X-ENDLIST" in closed.body
        for segment in await player.segments(media):
            await player.get(segment)
    else:
        begun = time.monotonic()
        missing = await service.get(media.replace("manifest.m3u8", "seg290.aac"))
        assert (missing.status, missing.json()["status"]) == (422, "Failed")
        assert time.monotonic() - begun < 6
    again = await player.master()
    assert again.playlists
    assert (await job_of(service, f"breaks{form}"))["jobId"] != first["jobId"]


# replaced and deleted


def tone(folder: Path, name: str, hertz: float) -> Path:
    """Half a minute of one pitch."""
    time = np.arange(30 * RATE_HZ) / RATE_HZ
    pcm = (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)[:, None]
    return tones.write(folder / name, pcm, RATE_HZ)


def pitch_hz(segment: bytes, folder: Path) -> float:
    """The strongest frequency of a segment."""
    pcm = decoded([segment], folder)[8192:24576, 0]
    return float(np.argmax(np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)))))) * RATE_HZ / len(pcm)


async def old_pitches(service: Service, segments: list[str], folder: Path) -> set[float]:
    """What can still be heard of a list whose original has changed; what cannot is refused."""
    pitches = set()
    for segment in segments:
        answer = await service.get(segment)
        if answer.status == 200:
            pitches.add(round(pitch_hz(answer.body, folder), -1))
        else:
            assert (answer.status, answer.json()["status"]) == (422, "Failed")
    return pitches


async def cancel(service: Service, version: str) -> None:
    job = await job_of(service, version)
    assert (await service.get(job["jobUrl"].removeprefix(service.url), "DELETE")).status == 204


@pytest.mark.parametrize("place", ["stored", "library"])
async def test_a_list_whose_original_is_replaced_names_one_sound_and_the_next_master_the_new_one(
    service: Service, library: Path, tmp_path: Path, place: str
) -> None:
    async def put(hertz: float) -> None:
        if place == "library":
            tone(library, "library.wav", hertz)
        else:
            await upload(service, "/stored.wav", tone(tmp_path, "stored.wav", hertz).read_bytes())

    await put(LOW_HZ)
    player = Player(service, at(f"/{place}.wav", f"{QUERY}&version={place}"))
    (media, _) = await player.lists()
    segments = await player.segments(media)
    assert pitch_hz((await player.get(segments[2])).body, tmp_path) == pytest.approx(LOW_HZ, abs=10)
    first = await job_of(service, place)
    assert first["status"] == "Running"

    await put(HIGH_HZ)
    await until_status(service, place, "Failed")
    assert await old_pitches(service, [segments[index] for index in (3, *FAR)], tmp_path) <= {LOW_HZ}
    assert (await service.get(segments[-2])).status == 422

    (media, _) = await player.lists()
    assert (await job_of(service, place))["jobId"] != first["jobId"]
    renewed = await player.segments(media)
    for index in (2, *FAR):
        assert pitch_hz((await player.get(renewed[index])).body, tmp_path) == pytest.approx(HIGH_HZ, abs=10)
    assert not charges(service, place)
    await cancel(service, place)


async def test_a_growing_list_ends_when_its_original_is_replaced(service: Service, tmp_path: Path) -> None:
    await upload(service, "/grows.wav", tone(tmp_path, "grows.wav", LOW_HZ).read_bytes())
    player = Player(service, at("/grows.wav", f"{QUERY}&playlist=event&version=grows"))
    (media, _) = await player.lists()
    await upload(service, "/grows.wav", tone(tmp_path, "grows.wav", HIGH_HZ).read_bytes())
    await until_status(service, "grows", "Failed")
    assert b"#EXT-X-ENDLIST" in (await player.get(media)).body
    segments = await player.segments(media)
    assert {round(pitch_hz((await player.get(segment)).body, tmp_path), -1) for segment in segments[2:4] + segments[-2:-1]} == {LOW_HZ}
    await player.master()
    await cancel(service, "grows")


async def test_an_original_that_is_deleted_ends_its_encode(service: Service, tmp_path: Path) -> None:
    await upload(service, "/gone.wav", tone(tmp_path, "gone.wav", LOW_HZ).read_bytes())
    player = Player(service, at("/gone.wav", f"{QUERY}&version=gone"))
    (media, _) = await player.lists()
    segments = await player.segments(media)
    assert (await call(service, "DELETE", "/files?filePath=/gone.wav")).status == 204
    await until_status(service, "gone", "Failed")
    assert (await service.get(segments[-2])).status == 422
    assert (await service.get(player.target)).status == 404
