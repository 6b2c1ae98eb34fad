"""The only place that names concrete adapters: settings become the services that every door is given."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic

from app import metrics, tracing
from app.accounts.keys import ApiKeys
from app.backends import Backends, open_backends
from app.callbacks.courier import Courier, make_mailbag
from app.files.originals import Originals
from app.files.probes import Probes
from app.files.services import FileNeeds, FileServices, FileSettings, expire_files, make_file_services
from app.housekeeping import Housekeeping, own_scratch
from app.jobs.endings import Endings
from app.jobs.job import Job, Result
from app.jobs.jobs import Jobs
from app.jobs.layout import attempt_prefix, folder_prefix, job_prefix
from app.jobs.leases import Leases
from app.jobs.limits import JobLimits
from app.jobs.orders import ORDER_TYPES, Orders
from app.jobs.outages import until_back
from app.jobs.owners import Owner
from app.jobs.retention import Retention
from app.jobs.shares import Shares
from app.jobs.streams import Streams
from app.jobs.wakeups import Wakeups
from app.ledger import Ledger
from app.live.viewing import Viewing
from app.produce import Produced, Workshop, produce
from app.produce_stream import produce_stream
from app.quotas import Quotas
from app.quote import expected_charge
from app.rates import shared_limits
from app.settings import DEFAULT_ACCOUNT, Settings
from app.sharing import LEASE_SECONDS, Sharing
from app.signing.sealing import Sealing, open_sealing
from app.variants import Gate, Variants
from app.web import keys
from app.web.entrance import fit_entrance
from app.web.http.bodies import Bodies
from app.web.http.public_url import PublicUrl
from app.web.recent import RECENT, Recent
from app.web.redirects import REDIRECTS, Redirects
from app.web.server import Doors, Site, build_app
from app.web.variant import variant
from app.web.wire import api_job
from app.worker import Desk, Trade, Worker, WorkerOptions
from storage.db import Database
from storage.fetch.fetcher import Fetcher
from storage.fetch.urls import Rules
from storage.store import Store
from transforms.engine.pool import Engine
from transforms.engine.sandbox import EngineLimits
from transforms.spec import HLS_FAMILY

ENVELOPE_BYTES = 2**20  # what an artifact has beyond its audio: headers, tags, cover
PROBES = 2  # one slow file does not hold up every f=meta


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that needs no engine: what the command line works with, and what the doors share."""

    settings: Settings
    database: Database
    backends: Backends
    store: Store
    originals: Originals
    wakeups: Wakeups
    jobs: Jobs
    leases: Leases
    endings: Endings
    retention: Retention
    ledger: Ledger
    keys: ApiKeys
    fetcher: Fetcher
    sealing: Sealing
    files: FileServices
    orders: Orders
    sharing: Sharing | None
    scratch_dir: Path


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open the database (migrated) and the store for as long as the context lasts."""
    for folder in (settings.data_dir, settings.scratch_dir, settings.owners_dir):
        folder.mkdir(parents=True, exist_ok=True)
    limits = JobLimits(settings.queue_limit, settings.lease_seconds, settings.failure_memory_seconds)
    async with AsyncExitStack() as resources:
        backends = await resources.enter_async_context(open_backends(settings))
        database, store, wakeups = backends.database, backends.store, backends.wakeups
        fetcher = await resources.enter_async_context(Fetcher(Rules(settings.fetch_allowed_hosts)))
        await ApiKeys(database).ensure_account(DEFAULT_ACCOUNT)
        scratch_dir = resources.enter_context(own_scratch(settings.scratch_dir, settings.owners_dir))
        retention = Retention(database, wakeups)
        sealing = open_sealing(settings.secret, settings.secret_file)
        needs = FileNeeds(database, store, retention, sealing, fetcher)
        files = make_file_services(needs, _file_settings(settings, scratch_dir))
        resources.callback(files.spools.close)
        yield Services(
            settings=settings,
            database=database,
            backends=backends,
            store=store,
            originals=files.originals,
            wakeups=wakeups,
            jobs=Jobs(database, wakeups, limits),
            leases=Leases(database, wakeups, limits, settings.owners_dir),
            endings=Endings(database, wakeups, limits),
            retention=retention,
            ledger=Ledger(database),
            keys=ApiKeys(database),
            fetcher=fetcher,
            sealing=sealing,
            files=files,
            orders=Orders(database, wakeups),
            sharing=_sharing(settings, database, wakeups),
            scratch_dir=scratch_dir,
        )


def _sharing(settings: Settings, database: Database, wakeups: Wakeups) -> Sharing | None:
    """What lets machines work one job together; None on one machine."""
    if settings.database_url is None or settings.bucket is None:
        return None
    return Sharing(Shares(database, wakeups, LEASE_SECONDS), wakeups)


def _file_settings(settings: Settings, scratch_dir: Path) -> FileSettings:
    return FileSettings(
        library_dir=settings.library_dir,
        scratch_dir=scratch_dir,
        uploads_dir=settings.uploads_dir,
        max_input_bytes=settings.max_input_bytes,
        max_upload_bytes=settings.max_upload_bytes,
        upload_lifetime_seconds=settings.upload_lifetime_seconds,
    )


def open_engine(settings: Settings) -> Engine:
    """The engine for `async with`. A web-only process still probes: f=meta answers at once everywhere."""
    limits = EngineLimits(output_bytes=settings.max_output_bytes + ENVELOPE_BYTES)
    ffmpeg = str(settings.ffmpeg) if settings.ffmpeg else None
    return Engine(limits, workers=settings.workers, probes=PROBES, reserved=1 if settings.workers else 0, ffmpeg=ffmpeg)


def make_workshop(services: Services, engine: Engine) -> Workshop:
    """What jobs are worked with."""
    settings = services.settings
    return Workshop(
        store=services.store,
        folders=services.files.folders,
        originals=services.originals,
        streams=Streams(services.database),
        signals=services.backends.signals,
        probes=Probes(engine, services.originals, services.files.folders, services.scratch_dir),
        engine=engine,
        limits=settings.plan_limits,
        scratch_dir=services.scratch_dir,
        cores=max(1, settings.workers),
        timeout_seconds=settings.job_timeout_seconds,
        divide=services.sharing.divide if services.sharing else None,
    )


def make_worker(services: Services, shop: Workshop, owner: Owner) -> Worker:
    """The door through which jobs are worked."""

    store = services.store

    async def work(job: Job, progress: Callable[[float], None]) -> Produced:
        if job.type in ORDER_TYPES:
            return await services.files.orders.work(job, progress)
        begun = monotonic()
        with tracing.span("encode", format=job.format):
            produced = await (produce_stream if job.format in HLS_FAMILY else produce)(shop.asked_with(job.query), job, progress)
        metrics.job_encoded(job.format, produced.result, monotonic() - begun)
        await until_back(lambda: save(job, produced.result))  # whoever sees the job succeeded finds the files
        return produced

    async def save(job: Job, result: Result) -> None:
        await services.files.saves.carry_out(job.account, job.id, result)

    async def discard(job: Job) -> None:
        await store.delete(job_prefix(job.account, job.path, job.id) if job.format in HLS_FAMILY else attempt_prefix(job))

    async def discard_others(job: Job, attempts: frozenset[int]) -> None:
        ours = tuple(folder_prefix(job, attempt) for attempt in attempts)
        async for found in store.list(job_prefix(job.account, job.path, job.id)):
            if not found.key.startswith(ours):
                await store.delete(found.key)

    options = WorkerOptions(slots=services.settings.workers, lease_seconds=services.settings.lease_seconds)
    services.backends.mark(owner)
    desk = Desk(services.leases, services.endings, services.wakeups, owner)
    help_others = partial(services.sharing.help, shop, owner.id) if services.sharing else None
    return Worker(desk, options, Trade(work, discard, discard_others, save, partial(store.require_space, 0), help_others))


def make_app(services: Services, shop: Workshop, bodies: Bodies, demo_path: str) -> Site:
    """The door through which requests come in."""
    settings = services.settings
    public_url = PublicUrl(str(settings.public_url) if settings.public_url else None, settings.trusted_proxies)
    app = build_app(Doors(services.jobs, services.originals, bodies, public_url, variant, demo_path))
    fit_entrance(app, services.database, services.sealing, shared_limits(settings.rates, settings.data_dir))
    app[keys.STORE] = services.store
    app[keys.FILES] = services.files.files
    app[keys.FOLDERS] = services.files.folders
    app[keys.CONTENTS] = services.files.contents
    app[keys.UPLOADS] = services.files.uploads
    app[keys.INTAKE] = services.files.intake
    app[keys.SAVES] = services.files.saves
    app[keys.ORDERS] = services.orders
    app[keys.FETCHER] = services.fetcher
    app[keys.RETENTION] = services.retention
    app[keys.PROBES] = shop.probes
    app[keys.WORKSHOP] = shop
    app[keys.VIEWING] = Viewing(services.jobs, shop.streams, services.store, services.backends.signals)
    app[keys.VARIANTS] = Variants(services.jobs, services.retention, services.originals, services.store, _gate(services, shop))
    if services.backends.presign is not None and settings.s3_redirect_seconds:
        app[REDIRECTS] = Redirects(services.backends.presign, settings.s3_redirect_seconds)
    app[RECENT] = Recent(services.retention, services.originals)
    return app


def _gate(services: Services, shop: Workshop) -> Gate:
    return Gate(Quotas(services.database, partial(expected_charge, shop)), services.settings.workers > 0)


def make_courier(services: Services) -> Courier:
    """Who tells others that jobs have ended; links begin with the public URL, as no request says what we are called."""
    settings = services.settings
    base = str(settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    bag = make_mailbag(services.database, services.sealing, services.jobs, lambda job: api_job(job, base))
    return Courier(bag, services.fetcher)


def make_housekeeping(services: Services, bodies: Bodies | None = None) -> Housekeeping:
    """What keeps the store small; with `bodies` it also empties this process's memory."""
    expire = partial(expire_files, services.files, services.jobs.get)
    forget = () if bodies is None else (bodies.forget,)
    return Housekeeping(services.retention, services.store, services.settings.cache_limit_bytes, expire, *forget)
