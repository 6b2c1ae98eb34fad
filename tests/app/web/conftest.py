from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from app.access.sessions import Sessions
from app.accounts.certificates import Certificates
from app.accounts.keys import ApiKeys
from app.accounts.permissions import KeyKind
from app.files.folders import Folders
from app.files.originals import Originals
from app.jobs.jobs import Jobs
from app.jobs.limits import JobLimits
from app.jobs.wakeups import Wakeups
from app.signing.sealing import Sealing
from app.web.http.bodies import Bodies
from app.web.http.public_url import PublicUrl
from app.web.keys import API_KEYS, FOLDERS, SESSIONS
from app.web.server import Doors, Listen, build_app, listening
from storage.db import Database
from storage.disk import DiskStore
from tests.app.web.exchange import Answer, exchange

ACCOUNT = "W142hJk"


class Variants:
    """Stands where the crossroads is: each test says what a request for a variant runs into."""

    def __init__(self) -> None:
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        assert self.answer is not None
        return await self.answer(request)


@dataclass(frozen=True, slots=True)
class Service:
    port: int
    library: Path
    doors: Doors
    variants: Variants
    key: str

    async def get(self, target: str, method: str = "GET", **headers: str) -> Answer:
        """With the account's secret key where the target is the API's, unless `Authorization` says otherwise."""
        sent = {"Authorization": f"Bearer {self.key}"} if target.startswith("/v2/") else {}
        return await self.ask(target, method, sent | {name.replace("_", "-"): value for name, value in headers.items()})

    async def ask(self, target: str, method: str, headers: Mapping[str, str]) -> Answer:
        return await exchange(self.port, target, method, headers)


@pytest.fixture
def variants() -> Variants:
    return Variants()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'jobs.db'}")
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
async def doors(tmp_path: Path, variants: Variants, database: Database) -> AsyncIterator[Doors]:
    library = tmp_path / "library"
    library.mkdir()
    store = DiskStore(tmp_path / "objects")
    try:
        jobs = Jobs(database, Wakeups(), JobLimits())
        yield Doors(jobs, Originals(store, library), Bodies(), PublicUrl(None), variants.serve, "/demo.wav")
    finally:
        store.close()


@pytest.fixture
async def service(doors: Doors, variants: Variants, database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    app = build_app(doors)
    app[API_KEYS] = ApiKeys(database)
    app[FOLDERS] = Folders(database, Sealing(bytes(32)))
    app[SESSIONS] = Sessions(Certificates(database))
    _, key = await app[API_KEYS].create(ACCOUNT, KeyKind.SECRET)
    async with listening(app, Listen("127.0.0.1", 0)) as port:
        yield Service(port, tmp_path / "library", doors, variants, key)
