"""HLS over HTTP on a running service: what is heard, who waits for what, and what outlives crashes."""

import asyncio
import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests import tones
from tests.app.hls_client import (
    FRAME_SAMPLES,
    HEADER_BYTES,
    Player,
    at,
    charges,
    decoded,
    frames_in,
    is_appended,
    job_of,
    read_list,
    until,
    until_status,
)
from tests.service import ROOT, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 10.3
RATE_HZ = 44_100
LONG_PLAYS = 350  # one hour
UNITS_PER_SECOND = 28_224_000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    tones.write(folder / "chirp.flac", tones.chirp(SECONDS, RATE_HZ), RATE_HZ)
    tones.write(folder / "sixty.wav", tones.chirp(60, 16_000, 1), 16_000)
    tones.write(folder / "chirp.mkv", tones.chirp(SECONDS, 48_000), 48_000, "-c:a", "libvorbis")
    (folder / "text.mp3").write_text("This is not audio.\n" * 100)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(library: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with Service(tmp_path_factory.mktemp("data"), library) as running:
        yield running


def assert_seamless(pcm: tones.Pcm, seconds: float, rate_hz: int) -> None:
    """The chirp goes on through every join: no second is out of place, and no step is larger than the signal's own."""
    lead = 1024 / rate_hz
    for second in np.arange(0.3, seconds - 0.3, 0.5):
        assert tones.chirp_time(pcm, rate_hz, float(second) + lead) == pytest.approx(float(second), abs=0.002)
    hertz = tones.CHIRP_START_HZ + tones.CHIRP_HZ_PER_SECOND * seconds
    steepest = 0.5 * 2 * np.pi * hertz / rate_hz
    inside = pcm[4096 : round(seconds * rate_hz) - 2048, 0].astype(np.float64)  # the sound itself begins and ends abruptly
    assert np.abs(np.diff(inside)).max() < 1.1 * steepest


# f=hls-aac


async def test_hls_aac_is_a_job_whose_artifact_is_a_master(service: Service, tmp_path: Path) -> None:
    target = at("/chirp.flac", "?f=hls-aac&br=64&sr=44.1&br=128&sr=48")
    early = await service.get(target + "&a=/0f/seg0.aac")
    assert (early.status, early.json()["status"]) == (404, "Running")
    job = await service.finished(target)
    assert job["summary"]["result"]["artifact"] == "/audio.m3u8"
    master_target = job["summary"]["result"]["artifactUrl"].removeprefix(service.url)
    answer = await service.get(master_target)
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    master = read_list(answer.body)
    assert master.is_independent_segments
    assert [item.stream_info.codecs for item in master.playlists] == ["mp4a.40.2"] * 2
    player = Player(service, master_target)
    for number, target_of_list in enumerate(await player.lists()):
        media = await player.media(target_of_list)
        assert media.is_endlist
        assert media.playlist_type == "vod"
        bodies = await player.bodies(target_of_list)
        info = master.playlists[number].stream_info
        whole = sum(len(body) * 8 for body in bodies) / sum(segment.duration for segment in media.segments)
        assert info.average_bandwidth == pytest.approx(whole, rel=0.001)
        assert info.bandwidth >= info.average_bandwidth
        rate_hz = (44_100, 48_000)[number]
        frames = [frames_in(body[HEADER_BYTES:]) for body in bodies]
        assert [segment.duration for segment in media.segments] == pytest.approx([f * 1024 / rate_hz for f in frames], abs=1e-6)
        assert_seamless(decoded(bodies, tmp_path), SECONDS, rate_hz)


async def test_hls_aac_bills_each_variant(service: Service) -> None:
    await service.finished(at("/chirp.flac", "?f=hls-aac&br=64&br=128&version=bill"))
    assert charges(service, "bill") == [(2 * round(10.3 * UNITS_PER_SECOND), 2 * round(10.3 * UNITS_PER_SECOND) * 15)]


# f=hls-aac-rt: what is heard


@pytest.mark.parametrize("form", ["", "&playlist=event"])
async def test_the_whole_list_is_exactly_the_sound(service: Service, tmp_path: Path, form: str) -> None:
    player = Player(service, at("/chirp.flac", f"?f=hls-aac-rt&br=128&sr=44.1&br=96&sr=48&br=32&sr=24&version=sound{form}"))
    lists = await player.lists()
    assert len(lists) == 3
    everything = []
    for number, target in enumerate(lists):
        rate_hz = (44_100, 48_000, 24_000)[number]
        answers = await player.ended(target)
        assert is_appended(answers)
        bodies = await player.bodies(target)
        samples = round(SECONDS * rate_hz)
        frames = [frames_in(body[HEADER_BYTES:]) for body in bodies]
        assert sum(frames) == -(-samples // FRAME_SAMPLES) + 1
        pcm = decoded(bodies, tmp_path)
        assert_seamless(pcm, SECONDS, rate_hz)
        starts = [int.from_bytes(body[65:73], "big") / 90_000 for body in bodies]
        assert starts == pytest.approx([sum(frames[:i]) * 1024 / rate_hz for i in range(len(frames))], abs=0.001)
        everything.append((starts, rate_hz))
    first = everything[0][0]
    for starts, rate_hz in everything:
        assert len(starts) == len(first)
        assert starts == pytest.approx(first, abs=1024 / rate_hz)


FORMS = (
    "?f=hls-aac-rt&version=l",
    "!f=hls-aac-rt&version=l",
    "?f=hls-aac-rt&version=l&a=/audio.m3u8",
    "!f=html-aac&version=l&a=/audio.m3u8",
    "!version=l?f=hls-aac-rt",
    "?f=hls-aac-rt&version=l&append=/chirp.flac",
    "!a=/audio.m3u8&f=hls-aac-rt&version=l",
    "?f=hls-aac-rt&version=m&playlist=event",
    "!f=hls-aac-rt&version=m&playlist=event&a=/audio.m3u8",
)


async def test_links_resolve_from_every_form(service: Service) -> None:
    for query in FORMS:
        player = Player(service, at("/chirp.flac", query))
        (target,) = await player.lists()
        segments = await player.segments(target)
        if "event" not in query:
            assert len(segments) >= 5
        for segment in segments:
            await player.get(segment)


async def test_finished_variants_come_from_the_cache_across_a_restart(library: Path, tmp_path: Path) -> None:
    target = at("/chirp.flac", "?f=hls-aac-rt&version=r")
    async with Service(tmp_path, library) as first:
        player = Player(first, target)
        (media,) = await player.lists()
        bodies = await player.bodies(media)
        job = await until_status(first, "r", "Succeeded")
    async with Service(tmp_path, library) as second:
        player = Player(second, target)
        (media,) = await player.lists()
        assert await player.bodies(media) == bodies
        segment = await player.get((await player.segments(media))[0])
        assert segment.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (await job_of(second, "r"))["jobId"] == job["jobId"]
        assert len(charges(second)) == 1


async def test_ranges_and_validators_of_segments(service: Service) -> None:
    player = Player(service, at("/chirp.flac", "?f=hls-aac-rt&version=ranges"))
    (media,) = await player.lists()
    segment = (await player.segments(media))[0]
    whole = await player.get(segment)
    part = await service.get(segment, Range="bytes=0-")
    assert (part.status, part.body) == (206, whole.body)
    assert (await service.get(segment, If_None_Match=whole.headers["etag"])).status == 304
    head = await service.get(segment, "HEAD")
    assert (head.status, head.headers["content-length"]) == (200, str(len(whole.body)))
    assert (await service.get(media.replace("/0f/manifest.m3u8", "/0f/seg99.aac"))).status == 404
    assert (await service.get(media.replace("/0f/manifest.m3u8", "/3f/seg0.aac"))).status == 404


# who waits for what


async def test_the_first_answer_waits_for_the_first_segment_alone(service: Service) -> None:
    target = at("/chirp.flac", f"?f=hls-aac-rt&rp={LONG_PLAYS}&version=first")
    answer = await service.get(target)
    assert answer.headers["cache-control"] == "no-store"
    job = await job_of(service, "first")
    assert (job["status"], job["progress"] < 50) == ("Running", True)
    player = Player(service, target)
    (media,) = await player.lists()
    listed = await player.get(media)
    assert (b"#EXT-X-ENDLIST" in listed.body, listed.headers["cache-control"]) == (True, "public, max-age=60")
    segments = await player.segments(media)
    assert len(segments) == 900 + 1
    begun = time.monotonic()
    first = await player.get(segments[0])
    near = time.monotonic() - begun
    assert first.headers["cache-control"] == "public, max-age=60"
    begun = time.monotonic()
    far = await player.get(segments[850])
    assert time.monotonic() - begun < near + 4  # encoding all that lies before it takes far longer
    assert (await job_of(service, "first"))["status"] == "Running"
    assert int.from_bytes(far.body[65:73], "big") / 90_000 == pytest.approx(848 * 4.01, rel=0.01)
    assert (await service.get((await job_of(service, "first"))["jobUrl"].removeprefix(service.url), "DELETE")).status == 204


async def test_fifty_cold_clients_at_fifty_positions_share_every_segment(library: Path, tmp_path: Path) -> None:
    """In a service of their own, so that what it counts is theirs."""
    query = "!f=hls-aac-rt&br=64&br=96&rp=45&version=fifty&a="
    positions = [2 * i for i in range(50)]

    async def one(service: Service, index: int) -> bytes:
        while True:
            begun = time.monotonic()
            answer = await service.get(at("/chirp.flac", f"{query}/0f/seg{index}.aac"))
            if answer.status != 429:  # a machine that is too busy for fifty seeks in six seconds says so
                break
            assert time.monotonic() - begun < 20
        assert answer.status == 200, (index, answer.body)
        return answer.body

    async with Service(tmp_path, library) as service:
        both = await asyncio.gather(*(one(service, index) for index in positions for _ in range(2)))
        assert both[::2] == both[1::2]
        times = [int.from_bytes(body[65:73], "big") / 90_000 for body in both[::2]]
        assert all(later - earlier == pytest.approx(2 * 4.01, rel=0.01) for earlier, later in pairwise(times[2:]))
        job = await until_status(service, "fifty", "Succeeded")
        player = Player(service, at("/chirp.flac", f"{query}/audio.m3u8"))
        segments = len(await player.segments((await player.lists())[0]))
        published = [file for file in (service.data / "objects").rglob("*seg*.aac") if job["jobId"] in str(file)]
        assert segments > positions[-1]
        assert await _count(service, "soundpath_segments_encoded_total") == len(published) == 2 * segments


async def _count(service: Service, metric: str) -> float:
    page = (await service.get("/metrics")).body.decode()
    return sum(float(value) for value in re.findall(rf"^{metric}(?:{{.*}})? (\S+)$", page, re.MULTILINE))


async def test_a_client_that_leaves_does_not_end_the_encode(service: Service) -> None:
    target = at("/chirp.flac", "?f=hls-aac-rt&rp=12&version=leaves")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await service.get(target)
    await until(lambda: _exists(service, "leaves"))
    await until_status(service, "leaves", "Succeeded")


async def _exists(service: Service, version: str) -> bool:
    with sqlite3.connect(service.data / "soundpath.db") as database:
        return bool(database.execute("SELECT 1 FROM jobs WHERE version = ?", (version,)).fetchall())


async def test_head_and_options_start_nothing(service: Service) -> None:
    target = at("/chirp.flac", "?f=hls-aac-rt&version=head")
    assert (await service.get(target, "HEAD")).status == 404
    assert (await service.get(target, "OPTIONS")).status == 204
    assert (await service.get(target + "&cache_only=true")).status == 404
    assert not await _exists(service, "head")


# rt


async def test_rt_false_is_listed_when_it_is_finished(service: Service) -> None:
    query = "?f=hls-aac-rt&br=64&rt=true&br=96&rt=false&br=128&rt=auto&rp=25&version=rt"
    player = Player(service, at("/chirp.flac", query))
    assert [target.rpartition("=")[2] for target in await player.lists()] == ["/0f/manifest.m3u8", "/2f/manifest.m3u8"]
    await until_status(service, "rt", "Succeeded")
    assert len(await player.lists()) == 3


async def test_if_none_qualifies_the_fastest_is_listed(service: Service) -> None:
    query = "?f=hls-aac-rt&br=96&rt=false&br=32&sr=16&rt=false&rp=25&version=none"
    player = Player(service, at("/chirp.flac", query))
    assert [target.rpartition("=")[2] for target in await player.lists()] == ["/1f/manifest.m3u8"]


async def test_auto_is_not_listed_while_the_encode_is_slower_than_the_sound(service: Service) -> None:
    children = _engine_children(service.pid)
    assert children
    for child in children:
        os.kill(child, signal.SIGSTOP)
    try:
        asking = asyncio.ensure_future(service.get(at("/chirp.flac", "?f=hls-aac-rt&br=64&rt=true&br=96&rp=25&version=slow")))
        await asyncio.sleep(2.5)  # what a slow machine would take for the first second
    finally:
        for child in children:
            os.kill(child, signal.SIGCONT)
    assert len(read_list((await asking).body).playlists) == 1


def _engine_children(pid: int) -> list[int]:
    """Every process below one."""
    below = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        below += [int(child), *_engine_children(int(child))]
    return below


# ends


async def test_billing_of_real_time_variants(service: Service) -> None:
    player = Player(service, at("/sixty.wav", "?f=hls-aac-rt&br=64&br=128&br=256&rt=false&version=price"))
    await player.master()
    await until_status(service, "price", "Succeeded")
    assert charges(service, "price") == [(200 * UNITS_PER_SECOND, 150 * 20 * UNITS_PER_SECOND)]


async def test_html_and_hls_share_variant_and_bill(service: Service) -> None:
    await Player(service, at("/chirp.flac", "?f=html-aac&version=share&a=/audio.m3u8")).master()
    await Player(service, at("/chirp.flac", "?f=hls-aac-rt&version=share")).master()
    await until_status(service, "share", "Succeeded")
    assert len(charges(service, "share")) == 1


async def test_refused_inputs(service: Service) -> None:
    late = await service.get(at("/chirp.flac", "?f=hls-aac-rt&ts=100"))
    assert (late.status, late.json()["error"]["code"]) == (400, "trim_start_exceeds_duration")
    text = await service.get(at("/text.mp3", "?f=hls-aac-rt"))
    assert (text.status, text.json()["status"], text.json()["error"]["code"]) == (422, "Failed", "unsupported_input")
    assert (await service.get(at("/none.mp3", "?f=hls-aac-rt"))).status == 404


async def test_cancel_leaves_nothing_and_tells_who_waits(service: Service) -> None:
    player = Player(service, at("/chirp.flac", "?f=hls-aac-rt&br=256&rp=2000&version=cancel"))
    await player.lists()
    job = await job_of(service, "cancel")
    assert (await service.get(job["jobUrl"].removeprefix(service.url), "DELETE")).status == 204
    await until_status(service, "cancel", "Cancelled")

    async def is_gone() -> bool:
        left = [*(service.data / "objects").rglob(f"*{job['jobId']}*"), *(service.data / "scratch").glob(f"*/{job['jobId']}*")]
        return not left

    await until(is_gone)
    assert not charges(service, "cancel")


async def test_kill_in_the_middle_resumes_and_rewrites_nothing(library: Path, tmp_path: Path) -> None:
    target = at("/chirp.flac", "?f=hls-aac-rt&br=64&br=128&rp=40&version=kill")
    service = Service(tmp_path, library)
    await service.start()
    player = Player(service, target)
    lists = await player.lists()
    segments = await player.segments(lists[0])
    before = {index: (await player.get(segments[index])).body for index in (0, 1, 2, 100)}
    job = await job_of(service, "kill")
    assert job["status"] == "Running"
    await service.kill()
    async with service:
        player = Player(service, target)
        assert (await job_of(service, "kill"))["jobId"] == job["jobId"]
        await until_status(service, "kill", "Succeeded")
        bodies = await player.bodies((await player.lists())[0])
        assert {index: bodies[index] for index in before} == before
        assert len(charges(service)) == 1
        assert sum(frames_in(body[HEADER_BYTES:]) for body in bodies) == -(-round(SECONDS * RATE_HZ) * 40 * 48_000 // RATE_HZ // 1024) + 1


# forms


async def test_what_cannot_be_sought_grows(service: Service, tmp_path: Path) -> None:
    player = Player(service, at("/chirp.mkv", "?f=hls-aac-rt&rp=15&version=grows"))
    (target,) = await player.lists()
    answers = await player.ended(target)
    assert b"EXT-X-PLAYLIST-TYPE:EVENT" in answers[0]
    assert b"#EXT-X-START:TIME-OFFSET=0" in answers[0]
    assert is_appended(answers)
    await until_status(service, "grows", "Succeeded")
    assert b"EXT-X-PLAYLIST-TYPE:EVENT" in (await player.get(target)).body
    (finished,) = await player.lists()
    assert b"EXT-X-PLAYLIST-TYPE:VOD" in (await player.get(finished)).body
    pcm = decoded(await player.bodies(finished), tmp_path)
    assert len(pcm) == (-(-round(SECONDS * 48_000) * 15 // 1024) + 1) * 1024


async def test_one_variant_keeps_one_form_while_it_is_encoded(service: Service) -> None:
    event = Player(service, at("/chirp.flac", "?f=hls-aac-rt&rp=200&version=form&playlist=event"))
    (target,) = await event.lists()
    assert b"EVENT" in (await event.get(target)).body
    vod = Player(service, at("/chirp.flac", "?f=hls-aac-rt&rp=200&version=form"))
    (other,) = await vod.lists()
    assert b"EVENT" in (await vod.get(other)).body
    job = await job_of(service, "form")
    assert (await service.get(job["jobUrl"].removeprefix(service.url), "DELETE")).status == 204


async def test_a_player_that_joins_in_the_middle_hears_the_same(service: Service) -> None:
    target = at("/chirp.flac", "?f=hls-aac-rt&rp=30&version=joins")
    one, two = Player(service, target), Player(service, target)
    (media,) = await one.lists()
    segments = await one.segments(media)
    played = [(await one.get(segment)).body for segment in segments[:10]]
    (joined_media,) = await two.lists()
    assert [(await two.get(segment)).body for segment in (await two.segments(joined_media))[:10]] == played
    assert joined_media == media


async def test_a_worker_in_another_program_is_told_of_seeks(library: Path, tmp_path: Path) -> None:
    async with Service(tmp_path, library, {"SOUNDPATH_WORKERS": "0"}) as web, _working(tmp_path, library):
        player = Player(web, at("/chirp.flac", f"?f=hls-aac-rt&rp={LONG_PLAYS}&version=two"))
        (media,) = await player.lists()
        far = await player.get((await player.segments(media))[800])
        assert frames_in(far.body[HEADER_BYTES:]) == 188
        assert (await job_of(web, "two"))["progress"] < 80


@asynccontextmanager
async def _working(data: Path, library: Path) -> AsyncIterator[None]:
    """`soundpath work` beside a web door."""
    folders = {"SOUNDPATH_DATA_DIR": str(data), "SOUNDPATH_LIBRARY_DIR": str(library)}
    environment = {"PATH": os.environ["PATH"], "SOUNDPATH_DRAIN_SECONDS": "1", **folders}
    worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "app", "work", cwd=ROOT, env=environment)
    try:
        yield
    finally:
        worker.terminate()
        await worker.wait()
