"""The same file from nginx and from us: statuses, Content-Range and Content-Length of a matrix of requests agree, or differ on purpose."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from tests.app.web.conftest import ACCOUNT, Service
from tests.app.web.exchange import Answer, exchange
from tests.app.web.ports import free_port, wait_for_port

CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 64; }}
http {{
  access_log off; default_type audio/wav; if_modified_since before; client_body_temp_path {folder};
  proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location /{account}/raw/ {{ alias {root}/; }} }}
}}
"""

RANGES = [
    None, "bytes=0-0", "bytes=0-", "bytes=5-9", "bytes=-5", "bytes=-0", "bytes=990-5000", "bytes=-5000", "bytes=1000-", "bytes=999999-",
    "bytes=9-5", "bytes=x-y", "bytes=-", "bytes=", "items=0-5", "bytes=1000-1001,2000-",
]  # fmt: skip
CONDITIONS = [
    {},
    {"If-None-Match": "{etag}"},
    {"If-None-Match": 'W/{etag}, "x"'},
    {"If-None-Match": '"x"'},
    {"If-None-Match": "*"},
    {"If-Modified-Since": "{modified}"},
    {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    {"If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT"},
    {"If-Match": "{etag}"},
    {"If-Match": '"x"'},
    {"If-Unmodified-Since": "{modified}"},
    {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    {"If-Range": "{etag}"},
    {"If-Range": '"x"'},
    {"If-Range": "{modified}"},
    {"If-Range": "Mon, 01 Jan 2001 00:00:00 GMT"},
]


@pytest.fixture
async def nginx_port(service: Service, tmp_path: Path) -> AsyncIterator[int]:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not os.access(program, os.X_OK):
        pytest.skip("nginx is not installed")
    port = free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(CONFIG.format(folder=tmp_path, port=port, account=ACCOUNT, root=service.library))
    if os.geteuid() == 0:
        config.write_text("user root;" + config.read_text())
    child = await asyncio.create_subprocess_exec(program, "-p", str(tmp_path), "-e", "stderr", "-c", str(config))
    try:
        await wait_for_port(port)
        yield port
    finally:
        child.terminate()
        await child.wait()


async def test_we_answer_like_nginx(service: Service, nginx_port: int) -> None:
    file = service.library / "a.wav"
    file.write_bytes(bytes(range(250)) * 4)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    (service.library / "empty.wav").touch()
    differences = []
    for name, method in product(("a.wav", "empty.wav"), ("GET", "HEAD")):
        target = f"/{ACCOUNT}/raw/{name}"
        first = {port: await exchange(port, target) for port in (service.port, nginx_port)}
        for asked, condition in product(RANGES, CONDITIONS):
            seen = [await exchange(port, target, method, _headers(asked, condition, first[port])) for port in first]
            if _visible(seen[0]) != _visible(seen[1]) and not _on_purpose(name, method, asked, seen):
                differences.append((name, method, asked, condition, *map(_visible, seen)))
    assert differences == []


def _headers(asked: str | None, condition: dict[str, str], first: Answer) -> dict[str, str]:
    known = {"etag": first.headers["ETag"], "modified": first.headers["Last-Modified"]}
    headers = {name: value.format(**known) for name, value in condition.items()}
    return headers if asked is None else {**headers, "Range": asked}


def _visible(answer: Answer) -> tuple[object, ...]:
    """Bodies and lengths of errors are everyone's own."""
    if answer.status >= 400:
        return answer.status, answer.headers.get("Content-Range")
    return answer.status, answer.headers.get("Content-Range"), answer.headers.get("Content-Length"), answer.body


def _on_purpose(name: str, method: str, asked: str | None, seen: list[Answer]) -> bool:
    """Where we follow RFC 9110 and nginx does not."""
    ours, theirs = (answer.status for answer in seen)
    if method == "HEAD" and asked is not None:
        return ours == 200 and theirs in (206, 416)  # 14.2: Range is for GET alone
    return name == "empty.wav" and (ours, theirs) == (416, 200)  # 14.1.2: no range of nothing is satisfiable
