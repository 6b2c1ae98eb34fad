"""The courier: takes due deliveries and POSTs them, signed, through the guarded fetcher."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.callbacks.deliveries import Deliveries, Delivery, Outcome
from app.callbacks.subscriptions import Subscriptions
from app.jobs.job import Job
from app.jobs.jobs import Jobs
from app.signing.keys import SigningKeys
from app.signing.requests import RequestSigner
from app.signing.sealing import Sealing
from app.signing.webhooks import webhook_headers
from storage.db import Database
from storage.errors import StorageError
from storage.fetch.fetcher import Fetcher, FetchLimits, FetchRequest

TIMEOUT_SECONDS: Final = 10
ANSWER_BYTES: Final = 2**16  # nobody reads it
AT_ONCE: Final = 8
ROUND_SECONDS: Final = 1.0
ROUNDS_PER_SWEEP: Final = 3600

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Mailbag:
    """What deliveries are made of. `show`: a job as JSON values."""

    deliveries: Deliveries
    subscriptions: Subscriptions
    jobs: Jobs
    signer: RequestSigner
    show: Callable[[Job], Mapping[str, Any]]


def make_mailbag(database: Database, sealing: Sealing, jobs: Jobs, show: Callable[[Job], Mapping[str, Any]]) -> Mailbag:
    """Everything on one database."""
    signer = RequestSigner(SigningKeys(database, sealing))
    return Mailbag(Deliveries(database), Subscriptions(database, sealing), jobs, signer, show)


class Courier:
    """Runs until cancelled; several processes share the work."""

    def __init__(self, bag: Mailbag, fetcher: Fetcher) -> None:
        self._bag = bag
        self._fetcher = fetcher

    async def run(self) -> None:
        """Go round; a round that fails is logged and the next one tries again."""
        rounds = 0
        while True:
            try:
                if rounds % ROUNDS_PER_SWEEP == 0:
                    await self._bag.deliveries.forget_old()
                while await self._deliver():
                    pass
            except* (SQLAlchemyError, StorageError) as failures:
                log.warning("callbacks failed", error=repr(failures.exceptions[0]))
            rounds += 1
            await asyncio.sleep(ROUND_SECONDS)

    async def _deliver(self) -> bool:
        """Try what is due, a handful side by side; whether there was anything."""
        claimed = await self._bag.deliveries.claim(AT_ONCE)
        async with asyncio.TaskGroup() as tries:
            for delivery in claimed:
                tries.create_task(self._try(delivery))
        return bool(claimed)

    async def _try(self, delivery: Delivery) -> None:
        job = await self._bag.jobs.get(delivery.account, delivery.job_id)
        outcome = Outcome(410, "The job is gone.") if job is None else await self._post(delivery, job)
        state = await self._bag.deliveries.tried(delivery, outcome)
        log.info(
            "callback tried", delivery=delivery.id, job=delivery.job_id, tries=delivery.tries, status=outcome.status, state=state.value
        )

    async def _post(self, delivery: Delivery, job: Job) -> Outcome:
        body = json.dumps(self._bag.show(job)).encode()
        secret = self._bag.subscriptions.secret(delivery.account, delivery.subscription)
        # The same id at every try, so that a receiver can tell a repetition.
        headers = {"Content-Type": "application/json", **webhook_headers(secret, delivery.id, int(time.time()), body)}
        limits = FetchLimits(ANSWER_BYTES, TIMEOUT_SECONDS, TIMEOUT_SECONDS)
        sign = await self._bag.signer.sign(delivery.account, job.id, body)
        try:
            async with self._fetcher.ask(delivery.url, FetchRequest(headers, None, limits, sign, "POST", body)) as answer:
                return Outcome(answer.status)
        except StorageError as error:
            return Outcome(None, str(error))
