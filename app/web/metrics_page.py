"""GET /metrics for Prometheus: what this machine's processes have counted, and how its parts are.

Figures tell strangers how busy a service is and what it earns, so only networks that the operator names may read them (by default the
machine itself), and nobody through a proxy: behind one, every visitor would come from the machine itself.
"""

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.errors import RouteNotFound
from app.metrics_sharing import Place
from app.vitals import Vitals
from app.web.http.networks import Network, is_within

FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Via")


@dataclass(frozen=True, slots=True)
class Operations:
    """What /readyz and /metrics ask."""

    vitals: Vitals
    place: Place
    scrapers: tuple[Network, ...]


OPERATIONS: Final = web.AppKey("operations", Operations)


class _Collected(Collector):
    """Families that are collected already, as the library wants to be given them."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


async def metrics_page(request: web.Request) -> web.Response:
    """The figures in Prometheus' text format; 404 for everybody else."""
    operations = request.app[OPERATIONS]
    if not is_within(request.remote, operations.scrapers) or any(name in request.headers for name in FORWARDED):
        raise RouteNotFound
    families = operations.place.together(operations.vitals.counted()) + await operations.vitals.looked_up()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(families))
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"})
