"""Run the service: the web door, the worker and the housekeeping of one process, until it is told to stop."""

import asyncio
import signal
from collections.abc import Callable

import structlog

from app.files.first_original import DEMO_PATH, ensure_demo
from app.housekeeping import sweep_scratch
from app.jobs.owners import Owner
from app.settings import DEFAULT_ACCOUNT, Settings
from app.web.bodies import Bodies
from app.web.server import Listen, listening
from app.wiring import Services, make_app, make_housekeeping, make_worker, make_workshop, open_engine, open_services

log = structlog.get_logger()


async def serve(settings: Settings, announce: Callable[[str], None], show_keys: Callable[[str, str], None]) -> None:
    """Serve requests and work jobs until SIGTERM or SIGINT; `announce` is told the address.

    `show_keys` is told the secret and the public key that the first start of all makes.
    """
    stop = _stop_signal()
    async with open_services(settings) as services:
        await ensure_demo(services.files.files, services.scratch_dir)
        if first := await services.keys.create_first(DEFAULT_ACCOUNT):
            show_keys(*first)
        await _run(services, stop, announce)


async def work(settings: Settings) -> None:
    """Work jobs without a web door until SIGTERM or SIGINT."""
    stop = _stop_signal()
    async with open_services(settings) as services:
        await _run(services, stop, None)


async def _run(services: Services, stop: asyncio.Event, announce: Callable[[str], None] | None) -> None:
    settings = services.settings
    owner = Owner(settings.owners_dir)
    scratch_dir = settings.scratch_dir / owner.id
    bodies = Bodies()
    try:
        async with open_engine(settings) as engine, asyncio.TaskGroup() as tasks:
            shop = make_workshop(services, engine, scratch_dir)
            running = [tasks.create_task(make_housekeeping(services, bodies).run())]
            if settings.workers:
                running.append(tasks.create_task(make_worker(services, shop, owner).run()))
            await sweep_scratch(settings.scratch_dir, settings.owners_dir)
            if announce is None:
                await stop.wait()
            else:
                app = make_app(services, shop, bodies, DEMO_PATH)
                listen = Listen(settings.host, settings.port, log_requests=settings.access_log)
                async with listening(app, listen) as port:
                    announce(f"http://{settings.host}:{port}")
                    await stop.wait()
            for task in running:
                task.cancel()
    finally:
        owner.close()
        await sweep_scratch(settings.scratch_dir, settings.owners_dir)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
