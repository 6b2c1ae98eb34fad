"""Uploads over HTTP: in parts, in any order, across restarts and crashes, and everything that is refused."""

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests import tones
from tests.app.files.api import call, ok, upload
from tests.app.files.origin import origin_of
from tests.service import ACCOUNT, Service, running

PART_BYTES = 8 * 2**20


def content_of(size_bytes: int) -> bytes:
    return hashlib.shake_128(str(size_bytes).encode()).digest(size_bytes)


async def begin(service: Service, size_bytes: int, **more: Any) -> Any:
    return await ok(service, "POST", "/uploads", {"size": size_bytes, **more})


async def send(service: Service, begun: Any, content: bytes, number: int) -> Any:
    """Send and confirm one part, as the client does."""
    part = await ok(service, "GET", f"/uploads/{begun['uploadId']}/parts/{number}")
    start, end = part["range"]["inclusiveStart"], part["range"]["inclusiveEnd"] + 1
    put = await call(service, "PUT", part["uploadUrl"], content[start:end], key="")
    assert put.status == 200, put.body
    return await ok(service, "PUT", f"/uploads/{begun['uploadId']}/parts/{number}", {"etag": put.headers["etag"]})


async def test_parts_arrive_at_once_and_out_of_order(tmp_path: Path) -> None:
    content = content_of(3 * PART_BYTES + 5)
    async with running(tmp_path) as service:
        begun = await begin(service, len(content), path="/a/big.bin", mime="audio/wav", tags=["x"], metadata={"k": [1]})
        assert begun["uploadParts"]["count"] == 4
        answers = await asyncio.gather(*(send(service, begun, content, number) for number in (3, 1, 0, 2)))
        assert sorted(answer["status"] for answer in answers) == ["Completed", "Pending", "Pending", "Pending"]
        got = await service.get(f"/{ACCOUNT}/raw/a/big.bin")
        assert (got.status, got.body == content) == (200, True)
        details = await ok(service, "GET", "/files/details?filePath=/a/big.bin")
        assert (details["mime"], details["tags"], details["metadata"], details["size"]) == ("audio/wav", ["x"], {"k": [1]}, len(content))
        assert f'"{details["etag"]}"' == got.headers["etag"]


async def test_an_upload_goes_on_after_kill_9(tmp_path: Path) -> None:
    content = content_of(2 * PART_BYTES + 1)
    async with running(tmp_path) as service:
        begun = await begin(service, len(content), path="/resumed.bin")
        await send(service, begun, content, 1)
        await service.kill()
        await service.start()
        left = await ok(service, "GET", f"/uploads/{begun['uploadId']}/parts")
        assert left == {"remainingUploadParts": [0, 2]}
        assert (await service.get(f"/{ACCOUNT}/raw/resumed.bin")).status == 404
        assert [(await send(service, begun, content, number))["status"] for number in (2, 0)] == ["Pending", "Completed"]
        assert (await service.get(f"/{ACCOUNT}/raw/resumed.bin")).body == content
        assert await ok(service, "GET", f"/uploads/{begun['uploadId']}/parts") == {"remainingUploadParts": []}


async def test_a_part_may_be_sent_again_until_it_is_confirmed(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        begun = await begin(service, 4, path="/again.txt")
        url, confirm = begun["uploadParts"]["first"]["uploadUrl"], f"/uploads/{begun['uploadId']}/parts/0"
        first = await call(service, "PUT", url, b"old!")
        second = await call(service, "PUT", url, b"new!")
        assert (await call(service, "PUT", confirm, {"etag": first.headers["etag"]})).status == 400
        done = await ok(service, "PUT", confirm, {"etag": second.headers["etag"].strip('"')})
        assert done == await ok(service, "PUT", confirm, {"etag": second.headers["etag"]}), "saying it again changes nothing"
        assert (await call(service, "PUT", url, b"late")).status == 410
        assert (await service.get(f"/{ACCOUNT}/raw/again.txt")).body == b"new!"


async def test_what_parts_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        begun = await begin(service, 4)
        url, parts = begun["uploadParts"]["first"]["uploadUrl"], f"/uploads/{begun['uploadId']}/parts"
        for body in (b"", b"abc", b"abcde"):
            assert (await call(service, "PUT", url, body)).status == 400
        assert (await call(service, "PUT", f"{parts}/0", {"etag": "x"})).status == 409, "nothing was sent"
        assert (await call(service, "GET", f"{parts}/1")).status == 400
        assert (await call(service, "GET", f"{parts}/x")).status == 400
        assert (await call(service, "PUT", url.replace("/parts/0", "/parts/7"), b"abcd")).status == 400
        unknown = await call(service, "PUT", f"{service.url}/v2/uploads/nobody/parts/0", b"abcd")
        assert (unknown.status, unknown.json()["error"]["code"]) == (404, "upload_not_found")
        assert (await call(service, "GET", "/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV/parts")).status == 404


async def test_an_empty_file_has_one_empty_part(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        begun = await begin(service, 0, path="/empty")
        assert begun["uploadParts"]["first"]["range"] == {"inclusiveStart": 0, "inclusiveEnd": -1}
        assert (await send(service, begun, b"", 0))["status"] == "Completed"
        assert (await service.get(f"/{ACCOUNT}/raw/empty")).body == b""


async def test_only_secret_keys_replace_and_the_race_has_one_winner(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        both = [await begin_public(service, "/race.txt") for _ in range(2)]
        first = await send(service, both[0], b"1", 0)
        part = both[1]["uploadParts"]["first"]
        put = await call(service, "PUT", part["uploadUrl"], b"2")
        late = await call(service, "PUT", f"/uploads/{both[1]['uploadId']}/parts/0", {"etag": put.headers["etag"]})
        assert (first["status"], late.status, late.json()["error"]["code"]) == ("Completed", 403, "file_already_exists")
        assert (await service.get(f"/{ACCOUNT}/raw/race.txt")).body == b"1"
        refused = await call(service, "POST", "/uploads/binary?filePath=/race.txt", b"3", key=service.public)
        assert refused.status == 403
        await upload(service, "/race.txt", b"4")
        assert (await service.get(f"/{ACCOUNT}/raw/race.txt")).body == b"4"


async def begin_public(service: Service, path: str) -> Any:
    return await ok(service, "POST", "/uploads", {"size": 1, "path": path}, key=service.public)


async def test_replacing_a_file_resets_its_variants(tmp_path: Path) -> None:
    files = []
    for number, seconds in enumerate((1, 2)):
        tones.write(tmp_path / f"{number}.wav", tones.chirp(seconds, 48_000), 48_000)
        files.append((tmp_path / f"{number}.wav").read_bytes())
    async with running(tmp_path / "data") as service:
        await upload(service, "/a.wav", files[0])
        url = f"/{ACCOUNT}/audio/a.wav?f=wav"
        first = await service.finished(url)
        await upload(service, "/a.wav", files[1])
        second = await service.finished(url)
        assert first["jobId"] != second["jobId"]
        sizes = [len((await service.get(job["summary"]["result"]["artifactUrl"].removeprefix(service.url))).body) for job in (second,)]
        assert sizes == [44 + 2 * 48_000 * 2 * 2]


async def test_a_form_takes_several_files_and_says_what_became_of_each(tmp_path: Path) -> None:
    boundary = "xx"
    parts = [("a", "one.txt", b"first"), ("b", "two.txt", b"second"), ("note", None, b"not a file")]
    body = b""
    for name, file, content in parts:
        filename = f'; filename="{file}"' if file else ""
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'.encode() + content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    async with running(tmp_path) as service:
        done = await ok(service, "POST", "/uploads/form_data?folderPath=/form", body, Content_Type=kind)
        assert [file["formDataFieldName"] for file in done["files"]] == ["a", "b"]
        assert (await service.get(done["files"][1]["fileUrl"].removeprefix(service.url))).body == b"second"
        fixed = await ok(service, "POST", "/uploads/form_data?filePath=/form/x", body, key=service.public, Content_Type=kind)
        assert (len(fixed["files"]), fixed["errors"][0]["error"]["code"]) == (1, "file_already_exists")
        for broken in (b"", b"--xx", body[:60]):
            assert (await call(service, "POST", "/uploads/form_data", broken, Content_Type=kind)).status == 400
        assert (await call(service, "POST", "/uploads/form_data", body, Content_Type="multipart/form-data")).status == 400


async def test_metadata_and_tags_of_binary_uploads(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        headers = {"X_Upload_Metadata": json.dumps({"n": 1}), "Content_Type": "audio/flac; x=y"}
        query = "/uploads/binary?originalFileName=a%20b.flac&tag=x&tag=y"
        done = await ok(service, "POST", query, b"flac", **headers)
        details = await ok(service, "GET", f"/files/details?filePath={done['filePath'].replace(' ', '%20')}")
        assert (details["metadata"], details["tags"], details["originalFileName"]) == ({"n": 1}, ["x", "y"], "a b.flac")
        assert details["mime"] == "audio/flac; x=y"
        assert (await call(service, "POST", "/uploads/binary", b"x", X_Upload_Metadata="[1]")).status == 400


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.size"),
        ({"size": -1}, "body.size"),
        ({"size": "5"}, "body.size"),
        ({"size": 1, "mime": ""}, "body.mime"),
        ({"size": 1, "tags": [1]}, "body.tags.0"),
        ({"size": 1, "path": "no/slash"}, "body.path"),
        ({"size": 10**18}, None),
        ({"size": 1, "path": "/a/../b"}, None),
        (b"{", None),
        (b"[" * 100_000, None),
        (b'{"size": 1, "path": "/\\ud800"}', None),
    ],
)
async def test_bad_beginnings_say_what_is_wrong(shared: Service, body: object, where: str | None) -> None:
    answer = await call(shared, "POST", "/uploads", body)
    assert answer.status in {400, 413}, answer.body
    error = answer.json()["error"]
    assert error["message"]
    assert where is None or any(place.startswith(where) for place in error["details"])


async def test_too_large_a_file_leaves_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, SOUNDPATH_MAX_UPLOAD_BYTES="1000") as service:
        assert (await call(service, "POST", "/uploads", {"size": 1001})).status == 413
        assert (await call(service, "POST", "/uploads/binary?filePath=/x", bytes(1001))).status == 413
        assert (await service.get(f"/{ACCOUNT}/raw/x")).status == 404
        assert [file for file in (tmp_path / "scratch").rglob("*") if file.is_file()] == []


async def test_a_full_disk_is_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, SOUNDPATH_FREE_SPACE_BYTES=str(2**60)) as service:
        for path, body in (("/uploads/binary?filePath=/x", b"abc"), ("/uploads", {"size": 5})):
            answer = await call(service, "POST", path, body)
            assert (answer.status, answer.json()["error"]["code"]) == (503, "overloaded")
            assert "Retry-After".lower() in answer.headers
        assert [file for file in (tmp_path / "scratch").rglob("*") if file.is_file()] == []
        assert not (tmp_path / "uploads").exists()


async def test_unfinished_uploads_end(tmp_path: Path) -> None:
    async with running(tmp_path, SOUNDPATH_UPLOAD_LIFETIME_SECONDS="1") as service:
        begun = await begin(service, 4)
        url = begun["uploadParts"]["first"]["uploadUrl"]
        await until(lambda: is_gone(service, url))
        await service.kill()
        await service.start()  # the first round of housekeeping sweeps
        await until(lambda: is_empty(tmp_path / "uploads"))


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Look again and again, for a while."""
    for _ in range(int(seconds / 0.2)):
        if await is_so():
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"not within {seconds} seconds")


async def is_gone(service: Service, url: str) -> bool:
    return (await call(service, "PUT", url, b"abcd")).status == 404


async def is_empty(folder: Path) -> bool:
    return not os.listdir(folder)


async def test_uploads_from_a_url(tmp_path: Path) -> None:
    (tmp_path / "origin").mkdir()
    (tmp_path / "origin" / "song.mp3").write_bytes(b"song")
    async with origin_of(tmp_path / "origin") as origin, running(tmp_path / "data", SOUNDPATH_FETCH_ALLOWED_HOSTS=origin.host) as service:
        done = await ok(service, "POST", "/uploads/url", {"url": f"http://{origin.host}/song.mp3"})
        assert done["filePath"].endswith("-song.mp3")
        assert (await service.get(done["fileUrl"].removeprefix(service.url))).body == b"song"
        for url in (f"http://{origin.host}/none.mp3", "http://169.254.169.254/", "file:///etc/passwd", "http://localhost/x"):
            assert (await call(service, "POST", "/uploads/url", {"url": url})).status == 400, url
