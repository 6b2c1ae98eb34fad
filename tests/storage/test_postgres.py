"""PostgreSQL behind the database door: the same tables, taking turns, being away and coming back; and words between programs."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, make_url, text

from storage.channel import KEPT_WORDS, Channel, is_held
from storage.db import Database, metadata, take_turn
from storage.errors import StoreUnavailable
from storage.postgres import asyncpg_url
from tests.servers import Postgres, postgres
from tests.storage.test_db import TABLES

assert TABLES  # every table is in `metadata`


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One that may be stopped."""
    with postgres() as started:
        yield started


def is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return not (kind == "table" and str(name).startswith("pgqueuer"))


async def indexes(database: Database) -> set[tuple[str, str]]:
    query = text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'pgqueuer%'")
    async with database.read() as connection:
        return {(row[0], row[1]) for row in await connection.execute(query) if row[0] != "alembic_version_pkc"}


async def test_migrations_are_the_metadata(server: Postgres) -> None:
    migrated, direct = Database(server.database()), Database(server.database())

    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "include_object": is_ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    try:
        await asyncio.gather(*(migrated.migrate() for _ in range(3)))
        async with migrated.read() as connection:
            assert await connection.run_sync(differences) == []
        async with direct.write() as connection:
            await connection.run_sync(metadata.create_all)
        assert await indexes(migrated) == await indexes(direct)
    finally:
        await migrated.close()
        await direct.close()


async def test_it_is_away_and_comes_back(server: Postgres) -> None:
    database = Database(server.database())
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    for mode in ("fast", "immediate"):
        await asyncio.to_thread(server.stop, mode)
        for opened in (database.read, database.write):
            with pytest.raises(StoreUnavailable):
                async with opened() as connection:
                    await connection.scalar(text("SELECT 1"))
        await asyncio.to_thread(server.start)
        async with database.write() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1, "without a failure in between"
    with pytest.raises(StoreUnavailable):
        async with database.write() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    await database.close()


async def test_turns_are_taken(server: Postgres) -> None:
    url = server.database()
    databases = [Database(url), Database(url)]
    async with databases[0].write() as connection:
        await connection.execute(text("CREATE TABLE counted (number int)"))
        await connection.execute(text("INSERT INTO counted VALUES (0)"))

    async def count(database: Database) -> None:
        async with database.write() as connection:
            await take_turn(connection, "count")
            number = await connection.scalar(text("SELECT number FROM counted"))
            await connection.execute(text("UPDATE counted SET number = :n"), {"n": (number or 0) + 1})

    await asyncio.gather(*(count(databases[n % 2]) for n in range(40)))
    async with databases[0].read() as connection:
        assert await connection.scalar(text("SELECT number FROM counted")) == 40
    for database in databases:
        await database.close()


class Program:
    """One end of the channel."""

    def __init__(self, url: str) -> None:
        self.words: list[str] = []
        self.connected = 0
        self.channel = Channel(url, self.words.append, self._missed)
        self.task = asyncio.create_task(self.channel.run())

    def _missed(self) -> None:
        self.connected += 1

    async def has(self, words: list[str], connected: int = 1) -> None:
        async with asyncio.timeout(30):
            while (self.words, self.connected) != (words, connected):  # noqa: ASYNC110 (both ends are looked at)
                await asyncio.sleep(0.01)


async def test_words_reach_the_others_and_marks_end_with_their_program(server: Postgres) -> None:
    url = server.database()
    database, one, two = Database(url), Program(url), Program(url)
    await one.has([])
    await two.has([])
    one.channel.hold("me")
    one.channel.tell("job 1")
    begun = time.monotonic()
    await two.has(["job 1"])
    assert time.monotonic() - begun < 1
    assert one.words == [], "nobody hears himself"
    async with database.write() as connection:
        assert await is_held(connection, "me")
    await asyncio.to_thread(server.stop, "immediate")
    one.channel.tell("job 2")
    await asyncio.to_thread(server.start)
    await one.has([], connected=2)
    async with asyncio.timeout(30):
        while two.connected < 2:  # noqa: ASYNC110 (what was said meanwhile may or may not have arrived)
            await asyncio.sleep(0.01)
    one.channel.tell("job 3")
    async with asyncio.timeout(30):
        while "job 3" not in two.words:  # noqa: ASYNC110 (what was said meanwhile may or may not arrive)
            await asyncio.sleep(0.01)
    async with database.write() as connection:
        assert await is_held(connection, "me"), "it is known again"
    one.task.cancel()
    await asyncio.wait({one.task})
    async with asyncio.timeout(30):
        async with database.write() as connection:
            held = await is_held(connection, "me")
        while held:
            async with database.write() as connection:
                held = await is_held(connection, "me")
    two.task.cancel()
    await asyncio.wait({two.task})
    await database.close()


async def test_marks_that_come_and_go_while_another_is_taken_are_not_forgotten(server: Postgres) -> None:
    url = server.database()
    database, one = Database(url), Program(url)
    await one.has([])

    async def is_seen(mark: str, *, held: bool) -> None:
        async with asyncio.timeout(30):
            while True:
                async with database.write() as connection:
                    if await is_held(connection, mark) == held:
                        return

    one.channel.hold("left")
    await is_seen("left", held=True)
    async with database.write() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('first', 1))"))
        one.channel.hold("first")
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        async with asyncio.timeout(30):
            while not await connection.scalar(waiting):
                pass
        one.channel.hold("second")
        one.channel.drop("left")
    for mark, held in (("first", True), ("second", True), ("left", False)):
        await is_seen(mark, held=held)
    one.task.cancel()
    await asyncio.wait({one.task})
    await database.close()


async def test_a_word_is_not_lost_that_is_told_while_a_full_outage_is_caught_up_with() -> None:
    channel = Channel("postgresql://u:p@h/d", lambda _word: None, lambda: None)

    class Wire:
        """Takes what is sent; the first time it fails, and each time something is told meanwhile."""

        def __init__(self) -> None:
            self.sent: list[str] = []
            self.times = 0

        async def execute(self, _statement: str, _name: str, words: list[str]) -> None:
            self.times += 1
            channel.tell(f"late {self.times}")
            if self.times == 1:
                raise ConnectionError
            self.sent += [word.partition(" ")[2] for word in words]

    wire = Wire()
    for number in range(KEPT_WORDS):
        channel.tell(f"early {number}")
    with pytest.raises(ConnectionError):
        await channel._settle(wire, set())  # type: ignore[arg-type]
    for _ in range(3):
        await channel._settle(wire, set())  # type: ignore[arg-type]
    assert {"late 2", "late 3"} <= set(wire.sent)
    assert len(wire.sent) == len(set(wire.sent)) >= KEPT_WORDS


def test_urls() -> None:
    url = asyncpg_url(make_url("postgresql://u:p@h:5433/d?sslmode=require"))
    assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://u:p@h:5433/d?ssl=require"
