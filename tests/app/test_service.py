"""The main job over HTTP, on a running service: a URL becomes a job, the job an artifact, and everything after that is serving bytes."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests import tones
from tests.service import ACCOUNT, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 12
RATE_HZ = 44_100


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    tones.write(folder / "chirp.wav", tones.chirp(SECONDS, RATE_HZ), RATE_HZ)
    (folder / "sub").mkdir()
    tones.write(folder / "sub" / "a b!.wav", tones.chirp(3, RATE_HZ), RATE_HZ)
    (folder / "text.mp3").write_text("This is not audio.\n" * 100)
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(library: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with Service(tmp_path_factory.mktemp("data"), library) as running:
        yield running


def at(path: str, query: str) -> str:
    return f"/{ACCOUNT}/audio{path}{query}"


async def test_a_url_becomes_an_artifact_that_holds_the_asked_part(service: Service, tmp_path: Path) -> None:
    answer = await service.artifact(at("/chirp.wav", "?f=mp3&br=128&ts=5&te=9"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "audio/mpeg"
    (tmp_path / "out.mp3").write_bytes(answer.body)
    pcm = tones.decode(tmp_path / "out.mp3", 2, "-ar", "48000")
    assert len(pcm) == 4 * 48_000
    for second in (0.5, 3.5):
        assert tones.chirp_time(pcm, 48_000, second) == pytest.approx(5 + second, abs=0.001)


@pytest.mark.parametrize(("query", "name", "media_type"), [
    ("f=aac&br=96", "out.aac", "audio/aac"),
    ("f=wav&sr=44.1", "out.wav", "audio/wav"),
    ("f=wav-rf64&sr=48", "out.wav", "audio/wav"),
])  # fmt: skip
async def test_formats(service: Service, tmp_path: Path, query: str, name: str, media_type: str) -> None:
    answer = await service.artifact(at("/chirp.wav", f"?{query}"))
    assert answer.headers["content-type"] == media_type
    (tmp_path / name).write_bytes(answer.body)
    pcm = tones.decode(tmp_path / name, 2, "-ar", "48000")
    assert abs(len(pcm) - SECONDS * 48_000) <= 1024 * 2
    assert tones.chirp_time(pcm, 48_000, 6.0) == pytest.approx(6.0, abs=0.025)


async def test_every_poll_shows_the_same_job_and_both_forms_name_it(service: Service) -> None:
    first = (await service.get(at("/chirp.wav", "?f=mp3&br=64"))).json()
    assert first["status"] in ("Running", "Succeeded")
    last = await service.finished(at("/chirp.wav", "!br=64&f=mp3&unknown=1"))
    assert (last["jobId"], last["created"]) == (first["jobId"], first["created"])
    api = (await service.get(first["jobUrl"].removeprefix(service.url))).json()
    assert (api["status"], api["error"]) == ("Succeeded", None)
    newest = (await service.get(f"/v2/accounts/{ACCOUNT}/jobs?jobType=ProcessFileJob")).json()
    assert first["jobId"] in [item["jobId"] for item in newest["items"]]


async def test_racing_requests_share_one_run_and_one_charge(service: Service) -> None:
    target = at("/chirp.wav", "?f=aac&br=160")
    answers = await asyncio.gather(*(service.get(target) for _ in range(50)))
    assert len({answer.json()["jobId"] for answer in answers}) == 1
    job = await service.finished(target)
    with sqlite3.connect(service.data / "soundpath.db") as database:
        charges = database.execute("SELECT billed_units FROM ledger WHERE job_id = ?", (job["jobId"],)).fetchall()
    assert charges == [(SECONDS * 28_224_000,)]


async def test_a_file_name_with_reserved_characters(service: Service) -> None:
    answer = await service.artifact(at("/sub/a%20b%21.wav", "?f=wav"))
    assert answer.status == 200
    assert len(answer.body) == 44 + 3 * 48_000 * 2 * 2
    raw = await service.get(f"/{ACCOUNT}/raw/sub/a%20b%21.wav")
    assert (raw.status, raw.headers["content-type"]) == (200, "audio/wav")


async def test_artifact_before_it_is_done_is_a_404_that_shows_the_job(service: Service) -> None:
    answer = await service.get(at("/chirp.wav", "!f=mp3&br=256&rp=20&a=/audio.mp3"))
    assert answer.status == 404
    assert answer.json()["status"] == "Running"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["cache-control"] == "no-store"


async def test_wait_holds_the_answer_until_the_bytes_are_there(service: Service) -> None:
    answer = await service.get(at("/chirp.wav", "?f=mp3&br=72&wait=60&a=/audio.mp3"))
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/mpeg")
    over = await service.get(at("/chirp.wav", "?f=mp3&br=80&rp=500&wait=0.2&a=/audio.mp3"))
    assert over.status == 404
    await _cancel(service, over.json())


async def test_artifact_headers_ranges_and_validators(service: Service) -> None:
    target = at("/chirp.wav", "!f=wav&sr=48&a=/audio.wav")
    await service.finished(at("/chirp.wav", "!f=wav&sr=48"))
    whole = await service.get(target)
    assert whole.headers["cache-control"] == "public, max-age=3600"
    part = await service.get(target, Range="bytes=100-199")
    assert (part.status, part.body) == (206, whole.body[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.body)}"
    assert (await service.get(target, If_None_Match=whole.headers["etag"])).status == 304
    assert (await service.get(target, Range=f"bytes={len(whole.body)}-")).status == 416
    head = await service.get(target, "HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(whole.body)), b"")
    stored = await service.get(target.replace("&a=", "&download=true&a="))
    assert stored.headers["content-disposition"] == 'attachment; filename="chirp.wav"'


async def test_version_is_another_variant_and_immutable(service: Service) -> None:
    plain = await service.finished(at("/chirp.wav", "?f=aac&br=64"))
    versioned = await service.finished(at("/chirp.wav", "?f=aac&br=64&version=2"))
    assert plain["jobId"] != versioned["jobId"]
    assert "version=2" in versioned["summary"]["result"]["artifactUrl"]
    answer = await service.artifact(at("/chirp.wav", "?f=aac&br=64&v=2"))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_cache_false_runs_again_bills_again_and_polls_join_the_run(service: Service) -> None:
    target = at("/sub/a%20b%21.wav", "?f=mp3&cache=false")
    first = await service.finished(target)
    assert (await service.finished(target))["jobId"] == first["jobId"]
    kept = await service.finished(at("/sub/a%20b%21.wav", "?f=mp3"))
    assert kept["jobId"] != first["jobId"]
    assert (await service.get(first["summary"]["result"]["artifactUrl"].removeprefix(service.url))).status == 200


async def test_what_starts_no_run(service: Service) -> None:
    cold = at("/chirp.wav", "?f=mp3&br=208")
    missed = await service.get(cold + "&cache_only=true")
    assert (missed.status, missed.json()["error"]["code"]) == (404, "cache_miss")
    assert (await service.get(cold, "HEAD")).status == 404
    assert (await service.get(cold, "OPTIONS")).status == 204
    price = await service.get(cold, X_Soundpath_Dry_Run="1")
    assert price.json()["quotaSeconds"] == SECONDS * 0.75
    assert (await service.get(cold + "&cache_only=true")).status == 404


@pytest.mark.parametrize(("query", "status", "code", "named"), [
    ("?f=ogg", 400, "invalid_parameter", "query.f"),
    ("?f=mp3&br=97", 400, "invalid_parameter", "query.br"),
    ("?f=mp3&ts=9&te=4", 400, "invalid_parameter", "query.te"),
    ("?f=mp3&br=96&br=128", 400, "invalid_parameter", None),
    ("?f=mp3&append=/none.mp3", 404, "file_not_found", None),
    ("?f=mp3&a=/audio.wav", 404, "artifact_not_found", None),
    ("?f=mp3&" + "x" * 1000, 414, "url_too_long", None),
])  # fmt: skip
async def test_refusals_come_before_any_job(service: Service, query: str, status: int, code: str, named: str | None) -> None:
    answer = await service.get(at("/chirp.wav", query))
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (status, code)
    assert named is None or named in error["details"]


async def test_missing_file(service: Service) -> None:
    answer = await service.get(at("/none.wav", "?f=mp3"))
    assert (answer.status, answer.json()["error"]["code"]) == (404, "file_not_found")


async def test_bad_input_fails_in_words_and_is_remembered(service: Service) -> None:
    job = await service.finished(at("/text.mp3", "?f=mp3"))
    assert (job["status"], job["error"]["code"]) == ("Failed", "unsupported_input")
    assert str(service.data) not in job["error"]["message"]
    assert (await service.finished(at("/text.mp3", "?f=mp3")))["jobId"] == job["jobId"]
    assert (await service.get(at("/text.mp3", "?f=meta"))).status == 422
    late = await service.finished(at("/chirp.wav", "?f=mp3&ts=100"))
    assert late["error"]["code"] == "trim_start_exceeds_duration"


async def test_cancel_leaves_nothing(service: Service) -> None:
    target = at("/chirp.wav", "?f=mp3&br=296&rp=2000")
    job = (await service.get(target)).json()
    await _until(lambda: _running(service, job["jobId"]))
    await _cancel(service, job)
    api = job["jobUrl"].removeprefix(service.url)
    await _until(lambda: _has_status(service, api, "Cancelled"))
    assert not list((service.data / "scratch").glob(f"*/{job['jobId']}*"))
    assert not list((service.data / "objects").rglob(f"*{job['jobId']}*"))


async def test_a_changed_library_file_resets_its_variants(service: Service, library: Path) -> None:
    file = library / "changing.wav"
    tones.write(file, tones.chirp(2, RATE_HZ), RATE_HZ)
    target = at("/changing.wav", "?f=wav")
    first = await service.artifact(target)
    tones.write(file, tones.chirp(3, RATE_HZ), RATE_HZ)
    second = await service.artifact(target)
    assert (len(first.body), len(second.body)) == (44 + 2 * 192_000, 44 + 3 * 192_000)


async def test_put_stores_an_original_and_replacing_it_resets_its_variants(service: Service, tmp_path: Path) -> None:
    tones.write(tmp_path / "one.wav", tones.chirp(1, RATE_HZ), RATE_HZ)
    await _put(service, tmp_path / "one.wav", "/put/x.wav")
    first = await service.artifact(at("/put/x.wav", "?f=wav"))
    tones.write(tmp_path / "two.wav", tones.chirp(2, RATE_HZ), RATE_HZ)
    await _put(service, tmp_path / "two.wav", "/put/x.wav")

    async def is_reset() -> bool:
        return len((await service.artifact(at("/put/x.wav", "?f=wav"))).body) == 44 + 2 * 192_000

    assert len(first.body) == 44 + 192_000
    await _until(is_reset)


async def test_an_hls_playlist_is_read_as_the_stream_its_segments_make(service: Service, library: Path) -> None:
    folder = library / "hls"
    folder.mkdir()
    tones.write(folder / "in.wav", tones.chirp(6, 48_000), 48_000)
    command = [
        tones.ffmpeg(),
        "-v",
        "error",
        "-i",
        "in.wav",
        "-c:a",
        "aac",
        "-hls_time",
        "2",
        "-hls_list_size",
        "0",
        "-f",
        "hls",
        "list.m3u8",
    ]
    await asyncio.to_thread(subprocess.run, command, cwd=folder, check=True, timeout=60)
    answer = await service.artifact(at("/hls/list.m3u8", "?f=wav"))
    (library / "joined.wav").write_bytes(answer.body)
    pcm = tones.decode(library / "joined.wav", 2, "-ar", "48000")
    assert abs(len(pcm) - 6 * 48_000) <= 2 * 1024
    first = tones.chirp_time(pcm, 48_000, 1.0)
    assert [tones.chirp_time(pcm, 48_000, second) - first for second in (3.0, 5.0)] == pytest.approx([2.0, 4.0], abs=0.001)
    (folder / "far.m3u8").write_text("#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n")
    far = await service.finished(at("/hls/far.m3u8", "?f=mp3"))
    assert (far["status"], far["error"]["code"]) == ("Failed", "unsupported_input")


async def test_full_disk_and_full_queue_are_clear_refusals(library: Path, tmp_path: Path) -> None:
    async with Service(tmp_path / "full", library, {"SOUNDPATH_FREE_SPACE_BYTES": str(2**60)}) as full:
        answer = await full.get(at("/chirp.wav", "?f=mp3"))
        assert (answer.status, answer.json()["error"]["code"]) == (503, "overloaded")
        assert "retry-after" in answer.headers
    async with Service(tmp_path / "busy", library, {"SOUNDPATH_QUEUE_LIMIT": "1", "SOUNDPATH_WORKERS": "1"}) as busy:
        answers = [await busy.get(at("/chirp.wav", f"?f=mp3&br=296&rp=2000&version={i}")) for i in range(4)]
        assert [answer.status for answer in answers[-1:]] == [503]
        assert "retry-after" in answers[-1].headers


async def test_the_byte_limit_drops_the_least_recently_used(library: Path, tmp_path: Path) -> None:
    async with Service(tmp_path, library) as service:
        for rate in ("8", "16", "32"):
            await service.artifact(at("/chirp.wav", f"?f=wav&sr={rate}"))
        limit = SECONDS * 2 * 2 * (16_000 + 32_000) + 1000
        output = _soundpath(service, "cache", "prune", "--limit-bytes", str(limit))
        assert output.startswith("1 variants dropped")

        async def is_gone() -> bool:
            return (await service.get(at("/chirp.wav", "?f=wav&sr=8&cache_only=true"))).status == 404

        await _until(is_gone)
        assert (await service.get(at("/chirp.wav", "?f=wav&sr=32&cache_only=true"))).status == 200


async def test_usage_counts_and_audits(service: Service) -> None:
    await service.finished(at("/chirp.wav", "?f=mp3&br=64"))
    assert "mp3" in _soundpath(service, "usage")
    assert _soundpath(service, "usage", "--audit").splitlines()[0].split()[1] == "charges,"
    price = _soundpath(service, "usage", "--price", f"http://x/{ACCOUNT}/audio/chirp.wav?f=wav")
    assert json.loads(price)["quotaSeconds"] == pytest.approx(SECONDS * 1.15)


async def test_encode_command_makes_the_same_audio(service: Service, library: Path, tmp_path: Path) -> None:
    _soundpath(service, "encode", str(library / "chirp.wav"), "f=wav&ts=2&te=6", "-o", str(tmp_path / "cli.wav"))
    served = await service.artifact(at("/chirp.wav", "?f=wav&ts=2&te=6"))
    (tmp_path / "served.wav").write_bytes(served.body)
    ours, theirs = (tones.decode(tmp_path / name, 2, "-ar", "48000") for name in ("cli.wav", "served.wav"))
    assert np.array_equal(ours, theirs)


def _soundpath(service: Service, *arguments: str) -> str:
    environment = {"SOUNDPATH_DATA_DIR": str(service.data), "SOUNDPATH_LIBRARY_DIR": str(service.library), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "app", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def _put(service: Service, file: Path, path: str) -> None:
    await asyncio.to_thread(_soundpath, service, "put", str(file), path)


async def _cancel(service: Service, job: dict[str, str]) -> None:
    assert (await service.get(job["jobUrl"].removeprefix(service.url), "DELETE")).status == 204


async def _has_status(service: Service, target: str, status: str) -> bool:
    return bool((await service.get(target)).json()["status"] == status)


async def _running(service: Service, job_id: str) -> bool:
    return any((service.data / "scratch").glob(f"*/{job_id}*"))


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 (another process: there is no event to wait for)
            await asyncio.sleep(0.05)


async def test_a_refused_setting_names_its_variable_and_starts_nothing(tmp_path: Path) -> None:
    environment = {"SOUNDPATH_PORT": "many", "SOUNDPATH_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "app", "serve"]
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "SOUNDPATH_PORT" in done.stderr
    assert not (tmp_path / "data").exists()


async def test_an_address_in_use_is_said_in_a_line(service: Service, tmp_path: Path) -> None:
    port = service.url.rpartition(":")[2]
    environment = {"SOUNDPATH_PORT": port, "SOUNDPATH_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "app", "serve"]
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"SOUNDPATH_PORT={port}" in done.stderr
