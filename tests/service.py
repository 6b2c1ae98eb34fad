"""A real Soundpath process for tests: started as a user starts it, spoken to over HTTP, and killed as a machine dies."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from tests import elsewhere

ACCOUNT = "W142hJk"
ENDED = {"Succeeded", "Failed", "Cancelled"}
START_SECONDS = 60
POLL_SECONDS = 0.1
DATABASE_FILE = "database.url"
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """`python -m app serve` on a free port. `async with` starts it, and leaves nothing running."""

    data: Path
    library: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    launcher: tuple[str, ...] = ()
    url: str = ""
    secret: str = ""
    public: str = ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            **self.database(),
            "SOUNDPATH_DATA_DIR": str(self.data),
            "SOUNDPATH_PORT": "0",
            "SOUNDPATH_DEMO": "false",  # seconds of work that few tests need
            "SOUNDPATH_DRAIN_SECONDS": "1",  # most tests leave work behind that nobody wants
            "SOUNDPATH_LIBRARY_DIR": str(self.library or ""),
            **self.environment,
        }
        with (self.data / "log").open("ab") as log:
            command = (*self.launcher, sys.executable, "-m", "app", "serve", *self.arguments)
            self._process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=log
            )
        try:
            self.url = await self._announced()
        except BaseException:
            self._process.kill()
            await self._process.wait()
            raise
        self._session = aiohttp.ClientSession(self.url, connector=aiohttp.TCPConnector(limit=0, force_close=True))

    def database(self) -> dict[str, str]:
        """Where its rows are: in the data folder, or where `databases.any_database` says, always the same for one folder."""
        file = self.data / DATABASE_FILE
        if elsewhere.new_database is not None and not file.exists():
            file.write_text(elsewhere.new_database())
        return {"SOUNDPATH_DATABASE_URL": file.read_text()} if file.exists() else {}

    async def _announced(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            async for line in self._process.stdout:
                self._learn_key(line.decode())
                if found := re.search(rb" at (http://\S+)", line):
                    return found[1].decode()
        raise AssertionError(f"the service did not start:\n{self.log()}")

    def _learn_key(self, line: str) -> None:
        """The first start of all shows them, later ones do not: kept beside the data for another `Service` of the same folder."""
        if found := re.search(r"\b(secret|public)_\w+", line):
            (self.data / f"{found[1]}.key").write_text(found[0])
        for kind in ("secret", "public"):
            if (self.data / f"{kind}.key").exists():
                setattr(self, kind, (self.data / f"{kind}.key").read_text())

    def log(self) -> str:
        return (self.data / "log").read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def stop(self) -> int:
        """SIGTERM, and wait for its end."""
        await self._session.close()
        if self._process.returncode is None:
            self._process.terminate()
        async with asyncio.timeout(30):
            return await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL: nothing gets to clean up."""
        await self._session.close()
        self._process.kill()
        await self._process.wait()

    async def get(self, target: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a target, exactly as written; the API with the secret key, unless `Authorization` says otherwise."""
        return await self.send(target, method, None, **headers)

    async def send(self, target: str, method: str, body: bytes | None, **headers: str) -> Answer:
        """The same with a body."""
        sent = {"Authorization": f"Bearer {self.secret}"} if target.startswith("/v2/") else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(self.url + target, encoded=True)
        async with self._session.request(method, url, headers=sent, data=body, allow_redirects=False) as response:
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, await response.read())

    async def finished(self, target: str, seconds: float = 120) -> dict[str, Any]:
        """Poll a job's URL until it has ended; the job JSON."""
        async with asyncio.timeout(seconds):
            while True:
                answer = await self.get(target)
                assert answer.status == 200, (target, answer.status, answer.body)
                job: dict[str, Any] = answer.json()
                if job["status"] in ENDED:
                    return job
                await asyncio.sleep(POLL_SECONDS)

    async def artifact(self, target: str) -> Answer:
        """Poll to Succeeded and fetch what `artifactUrl` names."""
        job = await self.finished(target)
        assert job["status"] == "Succeeded", job
        return await self.get(job["summary"]["result"]["artifactUrl"].removeprefix(self.url))


@asynccontextmanager
async def running(data: Path, library: Path | None = None, **environment: str) -> AsyncIterator[Service]:
    async with Service(data, library, environment) as service:
        yield service
