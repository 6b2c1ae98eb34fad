"""The application of the web floor: its routes, what surrounds each of them, and the socket it listens on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from app.files.originals import Originals
from app.jobs.jobs import Jobs
from app.settings import SettingsRefused
from app.web import health, pages
from app.web.access import guarded
from app.web.api import access_tokens, calls, docs_pages, jobs, jwks, usage
from app.web.api.endpoint import API
from app.web.cors import Handler, add_headers, preflight
from app.web.errors import error_answers
from app.web.http.bodies import Bodies
from app.web.http.public_url import PublicUrl
from app.web.http.request_log import RequestLog
from app.web.keys import BODIES, JOBS, ORIGINALS, PUBLIC_URL
from app.web.measured import measured
from app.web.metrics_page import metrics_page
from app.web.page import player_assets
from app.web.page.oembed import oembed
from app.web.page.player_view import OEMBED_ROUTE
from app.web.rate_limit import rate_limited
from app.web.raw import raw
from app.web.recent import put_in_front, recent_answers, remember
from app.web.wire import JOB_DOCS_PATH

PATH: Final = r"{path:[\s\S]*}"  # for the router alone: handlers read the raw target, which nothing has decoded or collapsed

MAX_BODY_BYTES: Final = 2**20  # JSON bodies; an endpoint that takes files reads its stream and counts for itself
MAX_REQUEST_LINE_BYTES: Final = 32 * 1024  # so that an overlong URL is ours to refuse, with a 414 in our own shape
KEEP_ALIVE_SECONDS: Final = 75  # longer than a proxy in front keeps its idle connections, so that the proxy closes first
SHUTDOWN_SECONDS: Final = 6  # a listed segment may be held for 5.5 s
BACKLOG: Final = 1024


Site = web.Application
"""Everything that answers on one port; what wires it need not know the library."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen; port 0 takes a free one. `reuse_port` lets several processes share the address."""

    host: str
    port: int
    reuse_port: bool = False
    log_requests: bool = False


@dataclass(frozen=True, slots=True)
class Doors:
    """What the web floor leads to. `variant` answers GET and HEAD of /{account}/audio/…; `demo_path` is shown on the front page."""

    jobs: Jobs
    originals: Originals
    bodies: Bodies
    public_url: PublicUrl
    variant: Handler
    demo_path: str


def build_app(doors: Doors) -> web.Application:
    """Every route of this service. Starting and stopping what is behind the doors is the wiring's business."""
    app = web.Application(middlewares=[measured, preflight, error_answers, rate_limited, recent_answers], client_max_size=MAX_BODY_BYTES)
    app[JOBS] = doors.jobs
    app[ORIGINALS] = doors.originals
    app[BODIES] = doors.bodies
    app[PUBLIC_URL] = doors.public_url
    app[player_assets.PLAYER] = player_assets.PlayerAssets.load()
    app.on_response_prepare.append(add_headers)
    app.on_response_prepare.append(remember)
    app.add_routes(_routes(doors))
    return app


def _routes(doors: Doors) -> list[web.RouteDef]:
    """Tried in this order: what is asked for most comes first."""

    async def front(_request: web.Request) -> web.Response:
        return pages.front_page(doors.demo_path)

    return [
        web.get(f"/{{account}}/audio/{PATH}", guarded(doors.variant)),
        web.get(f"/{{account}}/raw/{PATH}", guarded(raw)),
        web.get("/", front),
        web.get("/healthz", health.healthz),
        web.get("/readyz", health.readyz),
        web.get("/metrics", metrics_page),
        web.get("/robots.txt", health.robots),
        web.get(JOB_DOCS_PATH, pages.job_docs),
        web.get(docs_pages.OPENAPI_PATH, docs_pages.openapi),
        web.get(docs_pages.DOCS_PATH, docs_pages.docs),
        web.get(f"{API}/jobs/{{job_type}}/{{job_id}}", jobs.get_job),
        web.delete(f"{API}/jobs/{{job_type}}/{{job_id}}", jobs.cancel_job),
        web.get(f"{API}/jobs", jobs.list_jobs),
        web.get(player_assets.SCRIPT_TAG_ROUTE, player_assets.script_tag),
        web.get(player_assets.ROUTE, player_assets.asset),
        web.get(OEMBED_ROUTE, oembed),
        web.get(jwks.ROUTE, jwks.jwks),
        web.get(usage.ROUTE, usage.usage),
        web.put(access_tokens.ROUTE, access_tokens.begin),
        web.delete(access_tokens.ROUTE, access_tokens.end),
        *calls.routes(),
    ]


@asynccontextmanager
async def listening(app: web.Application, listen: Listen) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the bound port. At its end running answers get a moment to finish.

    Raises SettingsRefused when the address cannot be had.
    """
    logging: dict[str, Any] = {"access_log_class": RequestLog} if listen.log_requests else {"access_log": None}
    runner = web.AppRunner(
        app,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        max_line_size=MAX_REQUEST_LINE_BYTES,
        shutdown_timeout=SHUTDOWN_SECONDS,
        **logging,
    )
    await runner.setup()
    assert runner.server is not None
    put_in_front(runner.server, app)
    try:
        site = web.TCPSite(runner, listen.host, listen.port, backlog=BACKLOG, reuse_port=listen.reuse_port or None)
        try:
            await site.start()
        except OSError as error:
            reason = error.strerror or str(error)
            raise SettingsRefused(f"SOUNDPATH_HOST={listen.host}, SOUNDPATH_PORT={listen.port}: {reason}") from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
