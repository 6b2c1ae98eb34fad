"""The small door of a program that only works: /healthz, /readyz and /metrics, and nothing else."""

from aiohttp import web

from app.web.errors import error_answers
from app.web.health import healthz, readyz
from app.web.metrics_page import OPERATIONS, Operations, metrics_page


def build_operations_app(operations: Operations) -> web.Application:
    """Its application."""
    app = web.Application(middlewares=[error_answers])
    app[OPERATIONS] = operations
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics_page)])
    return app
