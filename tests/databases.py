"""Each database a test shall pass on: `database_url` runs it once on SQLite and once on PostgreSQL, on a new database every time."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.db import Database
from tests import elsewhere
from tests.servers import Postgres, postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One server for all tests of a program: do not stop it."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Postgres) -> str:
    """A database with all tables, to be copied."""
    url = postgres_server.database()

    async def migrate() -> None:
        database = Database(url)
        await database.migrate()
        await database.close()

    asyncio.run(migrate())
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs a module's tests once for each database: services that they start keep their rows there."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres_server")
        template: str = request.getfixturevalue("migrated_template")
        elsewhere.new_database = lambda: server.database(template)
    yield request.param
    elsewhere.new_database = None


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database; on SQLite not migrated yet."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'soundpath.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.database(request.getfixturevalue("migrated_template"))
