"""The second door: jobs are claimed here, worked, and ended. Knows leases and ends, nothing of audio."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app import metrics, tracing
from app.errors import FileNotFound, describe
from app.first_end import until_one_ends
from app.jobs.endings import Endings
from app.jobs.errors import SourceChanged
from app.jobs.job import Job, Priority, Result, Status
from app.jobs.leases import BeatAnswer, Leases
from app.jobs.outages import until_back
from app.jobs.owners import Owner
from app.jobs.wakeups import Wakeups
from app.logs import in_job
from app.produce import Produced
from app.signing.requests import for_job
from storage.errors import StorageError, StoreFull, StoreUnavailable
from transforms.errors import RefusedInput

Report = Callable[[float], None]
"""Tells the share done, 0 to 1."""

Work = Callable[[], Awaitable[None]]
"""One thing to do."""

FINAL: Final = (RefusedInput, FileNotFound)
"""Errors that the same request would meet again."""

ABANDONED: Final = (SourceChanged,)
"""Errors that end the job at once, though the next request may succeed."""

LIVE_JOBS = 64  # variants that are played while they are encoded; more wait, and their players are told to come back
REAP_SECONDS = 2.0  # so often somebody looks whether others have died
ROOM_SECONDS = 2.0  # so often somebody looks whether there is room
BEAT_SECONDS = 2.0  # so often a client that polls sees progress

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """`slots`: jobs worked at once. Real-time ones do not count, up to `live` of them: they take turns in the engine by the segment."""

    slots: int
    lease_seconds: float
    live: int = LIVE_JOBS


@dataclass(frozen=True, slots=True)
class Desk:
    """What a worker takes jobs from and brings them back to, and who it is there."""

    leases: Leases
    endings: Endings
    wakeups: Wakeups
    owner: Owner


@dataclass(frozen=True, slots=True)
class Trade:
    """What a worker does with a job: make it, delete what an attempt published (its own, or all but some), and what follows success.

    All but the first may be said again when a back end was away.

    `require_room` raises StoreFull while there is none to work in. `help` takes a part of somebody else's job and returns the work on it,
    None when nobody needs help; one machine has no `help`.
    """

    produce: Callable[[Job, Report], Awaitable[Produced]]
    discard: Callable[[Job], Awaitable[None]]
    discard_others: Callable[[Job, frozenset[int]], Awaitable[None]]
    succeeded: Callable[[Job, Result], Awaitable[None]]
    require_room: Callable[[], Awaitable[None]]
    help: Callable[[], Awaitable[Work | None]] | None = None


class Worker:
    """Works jobs until drained, or until cancelled: then what it holds goes back to the queue."""

    def __init__(self, desk: Desk, options: WorkerOptions, trade: Trade) -> None:
        self._desk = desk
        self._options = options
        self._trade = trade
        self._draining = asyncio.Event()
        self._room_seen_at = -ROOM_SECONDS

    def drain(self) -> None:
        """Claim nothing more: `run` ends with the last job that is being worked."""
        self._draining.set()

    async def run(self) -> None:
        """Claim and work jobs until drained or cancelled."""
        await until_back(self._desk.leases.reap)
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(self._options.slots):
                    lanes.create_task(self._lane())
                lanes.create_task(self._admit(lanes))
                lanes.create_task(self._reap())
        finally:
            with suppress(StoreUnavailable):  # then the leases run out
                await self._desk.leases.release(self._desk.owner)

    async def _lane(self) -> None:
        while work := await self._unless_drained(self._next(Priority.BACKGROUND, Priority.WAITED_FOR, self._trade.help)):
            await work()

    async def _next(self, lowest: Priority, highest: Priority, otherwise: Callable[[], Awaitable[Work | None]] | None = None) -> Work:
        """The job whose turn it is, or else some help for another one."""

        async def find() -> Work | None:
            if await self._is_full(ROOM_SECONDS):
                return None  # another machine's chance
            if job := await self._desk.leases.claim(self._desk.owner, lowest, highest):
                return partial(self._work, job)
            return await otherwise() if otherwise else None

        return await self._desk.leases.next_of(find, lowest, highest)

    async def _is_full(self, seen_seconds: float = 0) -> bool:
        """Whether there is no room to work in; a look of so many seconds ago that found some will do."""
        if time.monotonic() - self._room_seen_at < seen_seconds:
            return False
        try:
            await self._trade.require_room()
        except StoreFull as error:
            log.warning("no room to work in", error=str(error))
            return True
        self._room_seen_at = time.monotonic()
        return False

    async def _unless_drained(self, finding: Coroutine[None, None, Work]) -> Work | None:
        """What was found, or None when this worker is to claim nothing more."""
        claim = asyncio.ensure_future(finding)
        drained = asyncio.ensure_future(self._draining.wait())
        await until_one_ends(claim, drained)
        return None if claim.cancelled() else claim.result()  # a job that was just claimed is worked

    async def _admit(self, lanes: asyncio.TaskGroup) -> None:
        """Begin every real-time job at once: a player waits for its first sound, not for the end of somebody else's file."""
        free = asyncio.Semaphore(self._options.live)
        while await free.acquire() and (work := await self._unless_drained(self._next(Priority.REAL_TIME, Priority.REAL_TIME))):
            lanes.create_task(_done(work)).add_done_callback(lambda _: free.release())

    async def _reap(self) -> None:
        while not self._draining.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(REAP_SECONDS, self._options.lease_seconds / 3)):
                    await self._draining.wait()
            metrics.JOBS_TAKEN_BACK.inc(await until_back(self._desk.leases.reap))

    async def _work(self, job: Job) -> None:
        """One attempt, with its lines in the log and its span."""
        with (
            in_job(job.id, job.attempt),
            for_job(job.id),
            tracing.span("job", job=job.id, attempt=job.attempt, account=job.account, format=job.format),
        ):
            await self._attempt(job)

    async def _attempt(self, job: Job) -> None:
        """The work and its heart, side by side; whichever ends first ends the other."""
        shares = [0.0]
        work = asyncio.ensure_future(self._trade.produce(job, lambda share: shares.__setitem__(0, share)))
        heart = asyncio.ensure_future(self._beat(job, shares))
        await until_one_ends(work, heart)
        if work.cancelled():
            await self._stopped(job, heart.result())
        else:
            await self._ended(job, work)

    async def _beat(self, job: Job, shares: list[float]) -> BeatAnswer:
        """Keep the lease until told to stop, by a client that cancels or by an owner who took over, or until it cannot be kept."""
        with self._desk.wakeups.job_changes(job.id) as bell:
            kept_at = time.monotonic()
            while time.monotonic() - kept_at < self._options.lease_seconds:
                await bell.ring(min(BEAT_SECONDS, self._options.lease_seconds / 3))
                try:
                    answer = await self._desk.leases.beat(job, int(shares[0] * 100))
                except (SQLAlchemyError, StorageError) as error:
                    log.warning("beat failed", job=job.id, error=repr(error))
                    continue
                if answer is not BeatAnswer.OURS:
                    return answer
                kept_at = time.monotonic()
        return BeatAnswer.LOST

    async def _stopped(self, job: Job, answer: BeatAnswer) -> None:
        log.info("job stopped", job=job.id, attempt=job.attempt, reason=answer.value)
        if answer is BeatAnswer.CANCEL:
            await until_back(lambda: self._trade.discard(job))
            ended = await until_back(lambda: self._desk.endings.cancelled(job))
            metrics.job_refused(job.format, Status.CANCELLED if ended else None)
        else:
            metrics.LEASES_LOST.inc()

    async def _ended(self, job: Job, work: "asyncio.Future[Produced]") -> None:
        error = work.exception()
        if error is None:
            produced = work.result()
            kept = await until_back(lambda: self._desk.endings.succeed(job, produced.result, produced.sources, produced.charge))
            if kept:
                metrics.job_billed(job.format, produced.charge)
                await until_back(lambda: self._trade.succeeded(job, produced.result))
            else:
                metrics.RESULTS_FENCED.inc()
            if kept and job.attempt > 1:
                await until_back(lambda: self._trade.discard_others(job, produced.attempts))
            log.info("job succeeded" if kept else "job result refused", job=job.id, attempt=job.attempt)
            return
        if isinstance(error, StoreUnavailable) or (not isinstance(error, FINAL) and await self._is_full()):
            log.warning("job postponed", job=job.id, attempt=job.attempt, error=repr(error.__cause__ or error))
            await until_back(lambda: self._desk.endings.postpone(job))
            return
        await self._failed(job, error)

    async def _failed(self, job: Job, error: BaseException) -> None:
        final, abandon = isinstance(error, FINAL), isinstance(error, ABANDONED)
        public = describe(error)
        level, trace = (logging.INFO, None) if final else (logging.ERROR, error)
        log.log(level, "job failed", job=job.id, attempt=job.attempt, error=repr(error), exc_info=trace)
        status = await until_back(lambda: self._desk.endings.fail(job, public.code, public.message, final=final, abandon=abandon))
        metrics.job_refused(job.format, status)


async def _done(work: Work) -> None:
    await work()
