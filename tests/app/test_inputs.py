"""Every input through the running service: each row of the reference's tables, and every real file there is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests import input_rows, tones
from tests.input_rows import AUDIO_ROWS, SILENT_ROWS, VIDEO_ROWS, Row
from tests.media import ROOT, MediaFile, manifest, needs_media
from tests.service import ACCOUNT, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE = 6
TWO_FRAMES_SECONDS = 2 * 1152 / 32_000
JOB_SECONDS = 240  # far above what the largest file needs, also on a busy machine
DELAY_SECONDS = 0.06  # containers that cannot say how much of the codec's delay to drop keep up to two frames of it

ROWS = (*AUDIO_ROWS, *VIDEO_ROWS, *SILENT_ROWS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rows(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    library = tmp_path_factory.mktemp("rows")
    for row in ROWS:
        await asyncio.to_thread(input_rows.write, row, library)
    async with Service(tmp_path_factory.mktemp("data"), library) as service:
        yield service


@pytest.mark.parametrize("row", [*AUDIO_ROWS, *VIDEO_ROWS], ids=lambda row: row.name)
async def test_each_row_of_the_input_tables_becomes_an_mp3(rows: Service, row: Row, tmp_path: Path) -> None:
    answer = await rows.artifact(f"/{ACCOUNT}/audio/{row.name}?f=mp3&br=192")
    (tmp_path / "out.mp3").write_bytes(answer.body)
    pcm = tones.decode(tmp_path / "out.mp3")
    assert len(pcm) / 48_000 == pytest.approx(input_rows.SECONDS, abs=2 * DELAY_SECONDS)
    assert tones.chirp_time(pcm, 48_000, 1.0) == pytest.approx(1.0, abs=DELAY_SECONDS)
    tracks = (await rows.get(f"/{ACCOUNT}/audio/{row.name}?f=meta")).json()["tracks"]
    assert [track["type"] for track in tracks].count("Audio") == 1
    assert any(track["type"] == "Video" for track in tracks) == bool(row.video)


@pytest.mark.parametrize("row", SILENT_ROWS, ids=lambda row: row.name)
async def test_elementary_video_has_no_audio_track(rows: Service, row: Row) -> None:
    job = await rows.finished(f"/{ACCOUNT}/audio/{row.name}?f=mp3")
    assert (job["status"], job["error"]["code"]) == ("Failed", "unsupported_input")
    assert "no audio track" in job["error"]["message"]
    tracks = (await rows.get(f"/{ACCOUNT}/audio/{row.name}?f=meta")).json()["tracks"]
    assert {track["type"] for track in tracks} == {"Video"}


@needs_media
@pytest.mark.timeout(900)
async def test_every_real_file_becomes_an_mp3_or_says_why_not(tmp_path: Path) -> None:
    slots = asyncio.Semaphore(AT_ONCE)
    async with Service(tmp_path / "data", ROOT) as service:

        async def check(file: MediaFile) -> list[str]:
            async with slots:
                return [f"{file.name}: {wrong}" async for wrong in _wrongs(service, file, tmp_path)]

        found = await asyncio.gather(*(check(file) for file in manifest()))
    wrongs = [wrong for wrongs in found for wrong in wrongs]
    assert len(found) > 390
    assert not wrongs, "\n".join(wrongs)


async def _wrongs(service: Service, file: MediaFile, folder: Path) -> AsyncIterator[str]:
    """What is wrong with how a file was treated; nothing when all is well."""
    target = f"/{ACCOUNT}/audio/{quote(file.name)}"
    job = await service.finished(f"{target}?f=mp3", JOB_SECONDS)
    expected = {True: ["Succeeded"], False: ["Failed"], None: ["Succeeded", "Failed"]}[file.decodes]
    if job["status"] not in expected:
        yield f"{job['status']} instead of {expected}: {job.get('error')}"
    if job["status"] == "Failed" and (job["error"]["code"] == "internal_error" or not job["error"]["message"]):
        yield f"fails without a reason: {job['error']}"
    if job["status"] == "Succeeded" and file.decoded_seconds is not None:
        out = folder / f"{job['jobId']}.mp3"
        out.write_bytes((await service.artifact(f"{target}?f=mp3")).body)
        seconds = len(await asyncio.to_thread(tones.decode, out)) / 48_000
        if abs(seconds - file.decoded_seconds) > TWO_FRAMES_SECONDS:
            yield f"{seconds} s long instead of {file.decoded_seconds} s"
    meta = await service.get(f"{target}?f=meta")
    if meta.status not in (200, 422) or (meta.status == 422 and file.decodes):
        yield f"f=meta answers {meta.status}: {meta.body[:200]!r}"
