"""What can go wrong while a body is on its way: clients that leave, files that shrink, sockets that know no sendfile."""

import asyncio
import logging
import os
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from app.web.http.bodies import SMALL_BODY_BYTES, Bodies, OpenFile, StoredBody
from app.web.http.serve import Representation, serve_file
from tests.app.web.conftest import ACCOUNT, Service
from tests.app.web.exchange import read_answer

LARGE_BYTES = 32 * 2**20  # far more than both sockets buffer
TARGET = f"/{ACCOUNT}/raw/large.wav"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (what is waited for is the kernel's or the library's, and has no event)
            await asyncio.sleep(0.01)


def stored(key: str, file: Path, size_bytes: int) -> StoredBody:
    return StoredBody(key, size_bytes, lambda: _lend(file))


@asynccontextmanager
async def _lend(file: Path) -> AsyncIterator[Path]:
    yield file


def open_descriptors(file: Path) -> int:
    links = Path("/proc/self/fd").iterdir()
    return sum(1 for link in links if _points_to(link, file))


def _points_to(link: Path, file: Path) -> bool:
    try:
        return str(link.readlink()).removesuffix(" (deleted)") == str(file)
    except OSError:
        return False


@pytest.fixture
def large(service: Service) -> Path:
    file = service.library / "large.wav"
    with file.open("wb") as out:
        out.truncate(LARGE_BYTES)
    return file


async def _start_reading(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65536)
    writer.write(f"GET {TARGET} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


@pytest.mark.usefixtures("large")
async def test_a_client_that_leaves_is_no_incident(
    service: Service, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    before = len(asyncio.all_tasks())
    for _ in range(3):
        reader, writer = await _start_reading(service.port)
        await reader.readexactly(1000)
        writer.transport.abort()
    assert (await service.get(TARGET, Range="bytes=0-9")).status == 206
    await until(lambda: len(asyncio.all_tasks()) == before)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert "Traceback" not in capsys.readouterr().out


async def test_a_file_that_shrinks_breaks_the_connection(service: Service, large: Path) -> None:
    reader, writer = await _start_reading(service.port)
    os.truncate(large, 8 * 2**20)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await asyncio.wait_for(reader.readexactly(LARGE_BYTES), 20)
    writer.close()


async def test_a_file_of_another_size_is_not_served(service: Service, large: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = stored("k", large, int(request.query["size"]))
        return await serve_file(request, Representation("e", "audio/wav", "no-store"), body, service.doors.bodies)

    service.variants.answer = answer
    for size in (SMALL_BODY_BYTES, LARGE_BYTES + 1):
        conflict = await service.get(f"/{ACCOUNT}/audio/x?size={size}")
        assert (conflict.status, b'"conflict"' in conflict.body) == (409, True)


async def test_forgetting_closes_the_file_when_nobody_uses_it(service: Service, large: Path) -> None:
    reader, writer = await _start_reading(service.port)
    assert open_descriptors(large) == 1
    service.doors.bodies.forget(f"originals/{ACCOUNT}/")
    os.unlink(large)
    body = await asyncio.wait_for(reader.readexactly(LARGE_BYTES), 20)
    assert len(body) == LARGE_BYTES
    writer.close()
    await until(lambda: open_descriptors(large) == 0)


async def test_open_files_are_bounded(tmp_path: Path) -> None:
    bodies = Bodies(open_files=2)
    for number in range(5):
        file = tmp_path / f"{number}.wav"
        file.write_bytes(b"x" * 10)
        await bodies.open(stored(f"{number}", file, 10), "e")
    assert [open_descriptors(tmp_path / f"{number}.wav") for number in range(5)] == [0, 0, 0, 1, 1]


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Exception, match="changed"):
        OpenFile(tmp_path / "pipe", 0)


async def test_tls_gets_the_same_bytes_without_sendfile(service: Service, tmp_path: Path) -> None:
    """TLS is not ours, but a transport without sendfile must not be a surprise."""
    content = os.urandom(SMALL_BODY_BYTES * 3 + 5)
    file = tmp_path / "body"
    file.write_bytes(content)
    async with _tls_server(service, file, len(content)) as (port, client):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
        writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nRange: bytes=5-\r\n\r\n")
        answer = read_answer(await asyncio.wait_for(reader.read(), 20))
        writer.close()
    assert (answer.status, answer.body) == (206, content[5:])


def _certificate(folder: Path) -> tuple[Path, Path]:
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    subprocess.run([*command, "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return key, certificate


@asynccontextmanager
async def _tls_server(service: Service, file: Path, size_bytes: int) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    key, certificate = _certificate(file.parent)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context()
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE

    async def answer(request: web.Request) -> web.StreamResponse:
        shown = Representation("e", "audio/wav", "no-store")
        return await serve_file(request, shown, stored("k", file, size_bytes), service.doors.bodies)

    app = web.Application()
    app.router.add_get("/x", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener, ssl_context=server).start()
    try:
        yield listener.getsockname()[1], client
    finally:
        await runner.cleanup()
