"""Originals over HTTP: whole, in parts, conditionally, and never with a script of theirs in our name."""

import asyncio
import os
from pathlib import Path

import pytest

from app.web.http.bodies import SMALL_BODY_BYTES
from tests.app.web.conftest import ACCOUNT, Service

SMALL = bytes(range(256)) * 4
LARGE = os.urandom(SMALL_BODY_BYTES * 12 + 17)  # more than a socket buffers


@pytest.fixture(params=["small.mp3", "large.mp3"])
def stored(request: pytest.FixtureRequest, service: Service) -> tuple[str, bytes]:
    content = SMALL if request.param == "small.mp3" else LARGE
    (service.library / request.param).write_bytes(content)
    return f"/{ACCOUNT}/raw/{request.param}", content


async def test_whole(service: Service, stored: tuple[str, bytes]) -> None:
    target, content = stored
    for _ in range(2):  # from the disk, then from memory
        answer = await service.get(target)
        assert (answer.status, answer.body) == (200, content)
        assert answer.headers["Content-Length"] == str(len(content))
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert answer.headers["ETag"].startswith('"')
        assert "Content-Encoding" not in answer.headers


async def test_never_compressed(service: Service, stored: tuple[str, bytes]) -> None:
    target, content = stored
    answer = await service.get(target, Accept_Encoding="gzip, deflate, br")
    assert "Content-Encoding" not in answer.headers
    assert answer.body == content


async def test_head_has_the_headers_and_no_body(service: Service, stored: tuple[str, bytes]) -> None:
    target, _ = stored
    get, head = await service.get(target), await service.get(target, "HEAD")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges", "Cache-Control"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 1024), (500, 1000), (1023, 1024)])
async def test_part(service: Service, stored: tuple[str, bytes], start: int, end: int) -> None:
    target, content = stored
    answer = await service.get(target, Range=f"bytes={start}-{end - 1}")
    assert (answer.status, answer.body) == (206, content[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(content)}"
    assert answer.headers["Content-Length"] == str(end - start)


async def test_open_and_suffix_ranges(service: Service, stored: tuple[str, bytes]) -> None:
    target, content = stored
    assert (await service.get(target, Range="bytes=7-")).body == content[7:]
    assert (await service.get(target, Range="bytes=-7")).body == content[-7:]
    both = await service.get(target, Range="bytes=0-1,4-5")
    assert (both.status, both.body) == (200, content)


async def test_416_names_the_size(service: Service, stored: tuple[str, bytes]) -> None:
    target, content = stored
    answer = await service.get(target, Range=f"bytes={len(content)}-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(content)}"
    assert b"range_not_satisfiable" in answer.body


async def test_revalidation(service: Service, stored: tuple[str, bytes]) -> None:
    target, content = stored
    first = await service.get(target)
    etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If_None_Match": etag}, {"If_None_Match": f"W/{etag}"}, {"If_Modified_Since": modified}):
        answer = await service.get(target, **headers)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag)
        assert "Content-Length" not in answer.headers
    part = await service.get(target, Range="bytes=0-3", If_Range=etag)
    assert (part.status, part.body) == (206, content[:4])
    assert (await service.get(target, Range="bytes=0-3", If_Range='"other"')).status == 200
    assert (await service.get(target, If_Match='"other"')).status == 412


async def test_a_replaced_file_is_another_version(service: Service, stored: tuple[str, bytes]) -> None:
    target, content = stored
    first = await service.get(target)
    name = target.rpartition("/")[2]
    replacement = service.library / "aside"
    replacement.write_bytes(content[::-1])
    os.utime(replacement, ns=(10**18, 10**18))
    replacement.rename(service.library / name)
    second = await service.get(target, If_None_Match=first.headers["ETag"])
    assert (second.status, second.body) == (200, content[::-1])


async def test_uploaded_files_are_served_too(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "upload"
    file.write_bytes(SMALL)
    await service.doors.originals.put(ACCOUNT, "/music/a b!ü.flac", file)
    answer = await service.get(f"/{ACCOUNT}/raw/music/a%20b%21%C3%BC.flac")
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, SMALL, "audio/flac")


async def test_empty_file(service: Service) -> None:
    (service.library / "empty.wav").touch()
    answer = await service.get(f"/{ACCOUNT}/raw/empty.wav")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")
    assert (await service.get(f"/{ACCOUNT}/raw/empty.wav", Range="bytes=0-")).status == 416


async def test_many_share_one_open_file(service: Service) -> None:
    (service.library / "large.wav").write_bytes(LARGE)
    spans = [(start, start + SMALL_BODY_BYTES) for start in range(0, len(LARGE) - SMALL_BODY_BYTES, 100_003)]
    answers = await asyncio.gather(*(service.get(f"/{ACCOUNT}/raw/large.wav", Range=f"bytes={a}-{b - 1}") for a, b in spans))
    assert [answer.body for answer in answers] == [LARGE[a:b] for a, b in spans]


async def test_a_connection_lives_on_after_sendfile(service: Service) -> None:
    (service.library / "large.wav").write_bytes(LARGE)
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    for _ in range(3):
        writer.write(f"GET /{ACCOUNT}/raw/large.wav HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(len(LARGE)) == LARGE
    writer.close()


@pytest.mark.parametrize("where", ["/raw/a.mp3", "/raw/deep/er/a.mp3"])
async def test_missing(service: Service, where: str) -> None:
    answer = await service.get(f"/{ACCOUNT}{where}")
    assert answer.status == 404
    assert b'"file_not_found"' in answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    kept = await service.get(f"/{ACCOUNT}{where}?cache_ttl_404=30")
    assert kept.headers["Cache-Control"] == "public, max-age=30"


@pytest.mark.parametrize(
    "rest",
    [
        "../a.mp3",
        "x/../../a.mp3",
        "%2e%2e/a.mp3",
        "..%2fa.mp3",
        "a%00.mp3",
        "a%5cb.mp3",
        "\\a",
        "/a.mp3",
        "x//a.mp3",
        "./a.mp3",
        "",
        "%zz",
        "%ff",
    ],
)
async def test_paths_that_point_out_are_refused(service: Service, rest: str) -> None:
    (service.library.parent / "a.mp3").write_bytes(b"not for you")
    answer = await service.get(f"/{ACCOUNT}/raw/{rest}")
    assert answer.status == 400
    assert b'"invalid_url"' in answer.body


async def test_the_path_is_read_undecoded(service: Service) -> None:
    (service.library / "100% +a!b?c.mp3").write_bytes(SMALL)
    assert (await service.get(f"/{ACCOUNT}/raw/100%25%20+a%21b%3Fc.mp3")).body == SMALL
    assert (await service.get(f"http://elsewhere/{ACCOUNT}/raw/100%25%20+a%21b%3Fc.mp3")).body == SMALL
    assert (await service.get(f"/{ACCOUNT}/raw/100%25%20+a!b?c.mp3")).status == 404


async def test_urls_over_the_limit_are_414(service: Service) -> None:
    for length in (1001, 20_000):
        answer = await service.get(f"/{ACCOUNT}/raw/".ljust(length, "a"))
        assert answer.status == 414
        assert b'"url_too_long"' in answer.body


async def test_delivery_parameters(service: Service) -> None:
    (service.library / 'Größe "1".wav').write_bytes(SMALL)
    target = f"/{ACCOUNT}/raw/Gr%C3%B6%C3%9Fe%20%221%22.wav"
    saved = await service.get(target + "?download=true")
    assert saved.headers["Content-Disposition"] == (
        "attachment; filename=\"Gr__e _1_.wav\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.wav"
    )
    assert (await service.get(target + "?v=1")).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (await service.get(target + "?cache-ttl=5")).headers["Cache-Control"] == "public, max-age=5"
    assert (await service.get(target + "?cache_ttl=-5")).status == 400


@pytest.mark.parametrize(
    ("name", "sandboxed"),
    [("page.html", True), ("page.svg", True), ("page.xhtml", True), ("page.pdf", True), ("song.mp3", False), ("cover.png", False)],
)
async def test_uploads_run_no_script_here(service: Service, name: str, sandboxed: bool) -> None:
    (service.library / name).write_bytes(b"<script>alert(1)</script>")
    answer = await service.get(f"/{ACCOUNT}/raw/{name}")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get("Content-Security-Policy", "").startswith("sandbox;") is sandboxed


async def test_a_fifo_in_the_library_is_no_file(service: Service) -> None:
    os.mkfifo(service.library / "pipe.mp3")
    assert (await service.get(f"/{ACCOUNT}/raw/pipe.mp3")).status == 404


async def test_other_accounts_see_no_library(service: Service) -> None:
    (service.library / "a.mp3").write_bytes(SMALL)
    assert (await service.get("/A142hJk/raw/a.mp3")).status == 404
    assert (await service.get("/W142hJ0/raw/a.mp3")).status == 400
