"""How the service is, when somebody asks: do its parts answer, how long is the queue, what does the engine do."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from prometheus_client.metrics_core import Metric
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import metrics
from app.jobs.job import Status
from app.jobs.queue_figures import queue_figures
from storage.blocking import off_loop
from storage.db import Database, now_ms
from storage.errors import StorageError
from storage.store import Store
from transforms.engine.pool import Engine

ANSWER_SECONDS: Final = 2.0  # a part that takes longer does not answer
HEALTH_SECONDS: Final = 1.0
PROBED_KEY: Final = "vitals/none"  # any key will do: the store says that there is nothing


class Condition(StrEnum):
    """`DEGRADED`: some part does not answer; what is finished is still served, so traffic should go on coming."""

    OK = "ok"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"
    STOPPING = "stopping"


class _Fetched(Protocol):
    """What had to be fetched because there was no local copy."""

    misses: int
    miss_bytes: int


@runtime_checkable
class _KeepsCopies(Protocol):
    """A store with local copies in front of it."""

    figures: _Fetched


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the service. `seconds`: how long its answer took."""

    ok: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Health:
    """All parts, and what they mean together."""

    condition: Condition
    parts: dict[str, Part]

    @property
    def takes_traffic(self) -> bool:
        """Whether a load balancer should send requests here."""
        return self.condition in (Condition.OK, Condition.DEGRADED)


@dataclass(slots=True)
class Vitals:
    """Asks this process's parts. `stopping` is set when it has been told to stop."""

    data_dir: Path
    database: Database
    store: Store
    engine: Engine
    stopping: bool = False
    _known: dict[str, Part] = field(default_factory=dict)
    _asked_at: float = -HEALTH_SECONDS
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def health(self) -> Health:
        """Every part, asked at the same time; once a second, however many want to know."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= HEALTH_SECONDS:
                self._known = await self._ask()
                self._asked_at = time.monotonic()
        return Health(self._condition(self._known), self._known)

    async def _ask(self) -> dict[str, Part]:
        checks = {"database": self._database_answers, "store": self._store_answers, "engine": self._engine_answers}
        answers = await asyncio.gather(*(_timed(check) for check in checks.values()))
        return dict(zip(checks, answers, strict=True))

    def counted(self) -> Iterable[Metric]:
        """What this process has counted, for itself and its siblings."""
        if isinstance(self.store, _KeepsCopies):
            metrics.TALLY.hits["store"], metrics.TALLY.bytes["store"] = self.store.figures.misses, self.store.figures.miss_bytes
        yield from metrics.counted()
        crews = self.engine.crews.items()
        children: dict[tuple[str, ...], float] = {(name, "idle"): crew.idle for name, crew in crews}
        yield metrics.ENGINE_CHILDREN.family(children | {(name, "busy"): crew.busy for name, crew in crews})
        yield metrics.ENGINE_EXITS.family({(reason.value,): float(number) for reason, number in self.engine.exits.items()})

    async def looked_up(self) -> list[Metric]:
        """What is the same from every process of this machine: its parts, its disk and, while it can be read, the queue."""
        health = await self.health()
        free_bytes = (await off_loop(shutil.disk_usage, self.data_dir)).free
        return [
            metrics.UP.family({(name,): float(part.ok) for name, part in health.parts.items()}),
            metrics.DISK_FREE_BYTES.family({(): float(free_bytes)}),
            *(await self._queue() if health.parts["database"].ok else ()),
        ]

    async def _queue(self) -> list[Metric]:
        try:
            queue = await queue_figures(self.database)
        except (SQLAlchemyError, StorageError):
            return []  # it answered a moment ago; the next look at its health says so
        by_status = {Status.PENDING.value: sum(queue.waiting.values()), Status.RUNNING.value: 0, Status.CANCELLING.value: 0} | queue.running
        return [
            metrics.QUEUE_JOBS.family({(priority.name.lower(),): number for priority, number in queue.waiting.items()}),
            metrics.QUEUE_OLDEST_SECONDS.family({(priority.name.lower(),): age for priority, age in queue.oldest_seconds.items()}),
            metrics.JOBS.family({(status,): number for status, number in by_status.items()}),
        ]

    def _condition(self, parts: dict[str, Part]) -> Condition:
        if self.stopping:
            return Condition.STOPPING
        if all(part.ok for part in parts.values()):
            return Condition.OK
        # One shared part that is down must not take every node out of the balancer: memory and store still answer for what is finished.
        gone = not parts["database"].ok and not parts["store"].ok
        return Condition.UNAVAILABLE if gone else Condition.DEGRADED

    async def _database_answers(self) -> bool:
        async with self.database.read() as connection:
            return await connection.scalar(select(now_ms())) is not None

    async def _store_answers(self) -> bool:
        return await self.store.stat(PROBED_KEY) is None

    async def _engine_answers(self) -> bool:
        return all(crew.idle + crew.busy or not crew.size for crew in self.engine.crews.values())


async def _timed(check: Callable[[], Awaitable[bool]]) -> Part:
    begun = time.monotonic()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            ok = await check()
    except (SQLAlchemyError, StorageError, OSError, TimeoutError):
        ok = False
    return Part(ok, time.monotonic() - begun)
