"""nginx as `deploy/nginx` configures it, on a free port, in a folder of its own, in front of a service that runs."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.app.web.ports import free_port, wait_for_port

CONFIG = Path(__file__).parents[2] / "deploy" / "nginx" / "soundpath.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

MAIN = """
{user} worker_processes {workers}; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
  client_body_temp_path {folder}/body; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  access_log off; default_type application/octet-stream;
  {http}
}}
"""


def adapted(folder: Path, port: int, origin_port: int) -> str:
    """The deployed file with its three things changed: where it listens, the origin, and where the cache lies."""
    text = CONFIG.read_text(encoding="utf-8")
    for found, put in {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{origin_port};",
        "/var/cache/nginx/soundpath": str(folder / "cache"),
    }.items():
        assert found in text, found
        text = text.replace(found, put)
    return text


def write_main(folder: Path, http: str, workers: int = 1) -> Path:
    """A complete configuration around an `http` part."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(
        MAIN.format(user="user root;" if os.geteuid() == 0 else "", folder=folder, http=http, workers=workers), encoding="utf-8"
    )
    return file


@asynccontextmanager
async def serving(folder: Path, http: str, port: int) -> AsyncIterator[int]:
    """nginx with this `http` part for as long as the context lasts; gives the process id of its master."""
    assert NGINX is not None
    config = write_main(folder, http)
    child = await asyncio.create_subprocess_exec(NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config))
    try:
        await wait_for_port(port)
        yield child.pid
    finally:
        child.terminate()
        await child.wait()


@asynccontextmanager
async def edge(folder: Path, origin_port: int) -> AsyncIterator[tuple[int, int]]:
    """The edge in front of a service; gives its port and its process id."""
    port = free_port()
    async with serving(folder, adapted(folder, port, origin_port), port) as pid:
        yield port, pid
