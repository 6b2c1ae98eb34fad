"""Run the service: the web door, the worker and the housekeeping of one process, until it is told to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

import structlog

from app.files.first_original import DEMO_PATH, ensure_demo
from app.housekeeping import sweep_scratch
from app.jobs.owners import Owner
from app.metrics_sharing import Place
from app.processes import serve_parts
from app.settings import DEFAULT_ACCOUNT, Settings
from app.tracing import traced
from app.vitals import Vitals
from app.web.http.bodies import Bodies
from app.web.metrics_page import OPERATIONS, Operations
from app.web.operations import build_operations_app
from app.web.server import Listen, Site, listening
from app.wiring import Services, make_app, make_courier, make_housekeeping, make_worker, make_workshop, open_engine, open_services

log = structlog.get_logger()


async def serve(
    settings: Settings, announce: Callable[[str], None], show_keys: Callable[[str, str], None], *, shared: bool = False
) -> None:
    """Serve requests and work jobs until SIGTERM or SIGINT; `announce` is told the address.

    `show_keys` is told the secret and the public key that the first start of all makes. `shared`: other programs listen there too.
    """
    stop = stop_signal()
    async with open_services(settings) as services:
        if settings.demo:
            await ensure_demo(services.files.files, services.scratch_dir)
        if first := await services.keys.create_first(DEFAULT_ACCOUNT):
            show_keys(*first)
        await _run(services, stop, announce, shared)


async def work(settings: Settings) -> None:
    """Work jobs without a web door until SIGTERM or SIGINT."""
    stop = stop_signal()
    async with open_services(settings) as services:
        await _run(services, stop, None)


async def serve_processes(settings: Settings, count: int) -> None:
    """Serve with several programs until SIGTERM or SIGINT."""
    await serve_parts(settings.host, settings.port, count, stop_signal())


async def _run(services: Services, stop: asyncio.Event, announce: Callable[[str], None] | None, shared: bool = False) -> None:
    settings = services.settings
    owner = Owner(settings.owners_dir)
    bodies = Bodies()
    try:
        async with _operations(services) as operations, asyncio.TaskGroup() as tasks:
            vitals = operations.vitals
            shop = make_workshop(services, vitals.engine)
            chores = (
                make_housekeeping(services, bodies).run(),
                make_courier(services).run(),
                operations.place.keep_writing(vitals.counted),
            )
            running = [tasks.create_task(chore) for chore in chores]
            worker = make_worker(services, shop, owner)
            working = tasks.create_task(worker.run() if settings.workers else asyncio.sleep(0))
            await sweep_scratch(settings.scratch_dir, settings.owners_dir)
            app = build_operations_app(operations) if announce is None else make_app(services, shop, bodies, DEMO_PATH)
            app[OPERATIONS] = operations
            async with _door(settings, app, announce, shared):
                await stop.wait()
                vitals.stopping = True
                services.wakeups.stop()
            # In this order: a request that is being answered may wait for a job. What is not done in time goes back to the queue.
            worker.drain()
            await asyncio.wait({working}, timeout=settings.drain_seconds)
            for task in (*running, working):
                task.cancel()
    finally:
        owner.close()


@asynccontextmanager
async def _operations(services: Services) -> AsyncIterator[Operations]:
    """The engine, and what tells how it and everything else is."""
    settings = services.settings
    with traced(str(settings.trace_endpoint) if settings.trace_endpoint else None), closing(Place(settings.data_dir / "metrics")) as place:
        async with open_engine(settings) as engine:
            engine.bring = services.files.spools.supply
            yield Operations(Vitals(settings.data_dir, services.database, services.store, engine), place, settings.metrics_networks)


@asynccontextmanager
async def _door(settings: Settings, app: Site, announce: Callable[[str], None] | None, shared: bool) -> AsyncIterator[None]:
    """Listen; a program that only works does so where SOUNDPATH_METRICS_PORT says, if anywhere."""
    port = settings.metrics_port if announce is None else settings.port
    if port is None:
        yield
        return
    async with listening(app, Listen(settings.host, port, reuse_port=shared, log_requests=settings.access_log)) as bound:
        if announce is not None:
            announce(f"http://{settings.host}:{bound}")
        yield


def stop_signal() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
