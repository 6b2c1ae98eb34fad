"""Answers of the last second: the same bytes and headers as the long way, gone with a reset, a changed file or a changed folder."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.web.recent import LOOKED_AT_SECONDS
from tests import tones
from tests.app.web.exchange import exchange
from tests.service import ACCOUNT, Service

TARGET = f"/{ACCOUNT}/audio/a.wav?f=wav&sr=8&a=/audio.wav"
VARYING = {"Date", "X-Request-Id", "Connection"}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    (tmp_path / "library").mkdir()
    tones.write(tmp_path / "library" / "a.wav", tones.music(2, 8_000, 1), 8_000)
    async with Service(tmp_path / "data", tmp_path / "library") as running:
        assert (await running.get(f"{TARGET}&wait=60")).status == 200
        yield running


def port_of(service: Service) -> int:
    return int(service.url.rpartition(":")[2])


async def answers_on_one_connection(port: int, count: int, *lines: str) -> list[bytes]:
    """Keep-alive, as players and proxies ask; `lines` are further headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for _ in range(count):
        writer.write("\r\n".join((f"GET {TARGET} HTTP/1.1", "Host: a", *lines, "", "")).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
        found.append(head + await reader.readexactly(length))
    writer.close()
    return found


def without_varying(answer: bytes) -> tuple[list[str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return sorted(line for line in head.decode().split("\r\n") if line.partition(":")[0] not in VARYING), body


async def test_memory_answers_like_the_long_way(service: Service) -> None:
    first, *others = await answers_on_one_connection(port_of(service), 6)
    assert {str(without_varying(answer)) for answer in others} == {str(without_varying(first))}
    ids = [line for answer in (first, *others) for line in answer.split(b"\r\n") if line.startswith(b"X-Request-Id")]
    assert len(set(ids)) == 6


async def test_requests_with_conditions_go_the_long_way(service: Service) -> None:
    port = port_of(service)
    await answers_on_one_connection(port, 2)
    whole = await exchange(port, TARGET)
    assert whole.status == 200, whole
    assert (await exchange(port, TARGET, headers={"If-None-Match": whole.headers["ETag"]})).status == 304
    part = await exchange(port, TARGET, headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, b"RIFF")
    for raw in await answers_on_one_connection(port, 2, "range: bytes=0-3"):
        assert raw.startswith(b"HTTP/1.1 206")
        assert raw.endswith(b"\r\n\r\nRIFF")
    head = await exchange(port, TARGET, "HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", whole.headers["Content-Length"])


async def test_a_changed_library_file_is_seen_at_once(service: Service, tmp_path: Path) -> None:
    port = port_of(service)
    await answers_on_one_connection(port, 2)
    os.utime(tmp_path / "library" / "a.wav", (time.time() - 1000,) * 2)
    await asyncio.sleep(LOOKED_AT_SECONDS)  # the promise, much shorter than an answer is kept
    assert (await exchange(port, TARGET)).status == 404  # a new job has begun


async def test_a_folder_made_private_is_private_at_once(service: Service) -> None:
    port = port_of(service)
    await answers_on_one_connection(port, 2)
    body = b'{"folderPath":"/","folderSettings":{"publicPermissions":{"set":true,"value":[]}}}'
    authorization = {"Authorization": f"Bearer {service.secret}", "Content-Type": "application/json", "Content-Length": str(len(body))}
    changed = await exchange(port, f"/v2/accounts/{ACCOUNT}/folders", "PUT", authorization, body)
    assert changed.status == 200, changed.body
    assert (await exchange(port, TARGET)).status == 401
    (refused,) = await answers_on_one_connection(port, 1)
    assert refused.startswith(b"HTTP/1.1 401")
