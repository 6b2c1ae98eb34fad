"""Words between programs over PostgreSQL's LISTEN and NOTIFY, on a connection of its own that comes back by itself.

A word is a hint to look at the rows, no more: one that is lost, because the database was away, is made up for by `missed`. The connection
also holds this program's marks: locks that PostgreSQL drops with the session, so that others see when a program of another machine died.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from storage.errors import StoreUnavailable
from storage.postgres import CONNECT_SECONDS, STATEMENT_SECONDS, asyncpg_url, translated

NAME: Final = "soundpath"
AGAIN_SECONDS: Final = 0.5
ALIVE_SECONDS: Final = 10.0  # so often a silent connection is tried: a cut network says nothing
KEPT_WORDS: Final = 10_000  # of an outage; `missed` makes up for more
LONGEST_WORD_BYTES: Final = 7_900  # PostgreSQL takes 8,000 of them

_HOLD: Final = "SELECT pg_advisory_lock(hashtextextended($1, 1))"
_LEAVE: Final = "SELECT pg_advisory_unlock(hashtextextended($1, 1))"
_SEND: Final = "SELECT pg_notify($1, word) FROM unnest($2::text[]) AS word"

log = structlog.get_logger()


class Channel:
    """One program's ear and voice. `heard` is called with each word of another program, `missed` after words may have been lost."""

    def __init__(self, url: str, heard: Callable[[str], None], missed: Callable[[], None]) -> None:
        self._url = asyncpg_url(make_url(url)).set(drivername="postgresql")
        self._heard = heard
        self._missed = missed
        self._sender = str(ULID())
        self._unsent: deque[str] = deque(maxlen=KEPT_WORDS)
        self._marks: set[str] = set()
        self._work = asyncio.Event()

    def tell(self, word: str) -> None:
        """Send a word to every other program; returns at once."""
        assert len(word.encode()) < LONGEST_WORD_BYTES
        self._unsent.append(f"{self._sender} {word}")
        self._work.set()

    def hold(self, mark: str) -> None:
        """Be known to live under this name from now on, for as long as the program runs."""
        self._marks.add(mark)
        self._work.set()

    def drop(self, mark: str) -> None:
        """The name is not in use any more."""
        self._marks.discard(mark)
        self._work.set()

    async def run(self) -> None:
        """Listen and speak until cancelled; connects again and again when the database is away."""
        while True:
            try:
                with translated():
                    await self._session()
            except StoreUnavailable as error:
                log.warning("no connection to the database's channel", error=repr(error.__cause__))
            except asyncpg.exceptions.PostgresError as error:
                log.warning("the database's channel failed", error=repr(error))
            await asyncio.sleep(AGAIN_SECONDS)

    async def _session(self) -> None:
        connection = await asyncpg.connect(
            self._url.render_as_string(hide_password=False),
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            server_settings={"application_name": "soundpath channel"},
        )
        try:
            connection.add_termination_listener(lambda _: self._work.set())
            await connection.add_listener(NAME, self._receive)
            self._missed()
            held: set[str] = set()
            while not connection.is_closed():
                await self._settle(connection, held)
                await self._pause()
        finally:
            connection.terminate()

    async def _pause(self) -> None:
        """Until there is something to do, or it is time to see whether anybody is there."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ALIVE_SECONDS):
                await self._work.wait()
        self._work.clear()

    async def _settle(self, connection: asyncpg.Connection, held: set[str]) -> None:
        """Take and leave marks, and say what is to be said; at the least, find out whether anybody listens.

        `held` is what the session has: marks may come and go while one of them is taken.
        """
        for mark in self._marks - held:
            await connection.execute(_HOLD, mark)
            held.add(mark)
        for mark in held - self._marks:
            await connection.execute(_LEAVE, mark)
            held.discard(mark)
        words = list(self._unsent)
        self._unsent.clear()  # before they are sent: those told meanwhile must not be taken for them, however full it was
        try:
            await connection.execute(_SEND, NAME, words)
        except BaseException:
            self._unsent.extendleft(reversed(words))
            raise

    def _receive(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        sender, _, word = str(payload).partition(" ")
        if sender != self._sender:
            self._heard(word)


async def is_held(connection: AsyncConnection, mark: str) -> bool:
    """Whether a program lives under this name, as far as the database knows; if none does, none can begin before the transaction ends."""
    taken = await connection.scalar(text("SELECT pg_try_advisory_xact_lock(hashtextextended(:mark, 1))"), {"mark": mark})
    return not taken
