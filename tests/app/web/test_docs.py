"""docs/api.md tells of every endpoint, every error and every status in the code, and of no other."""

import re
from pathlib import Path

from aiohttp import web

from app.errors import FACES
from app.jobs.job import Status
from app.web.server import Doors, build_app

DOCUMENT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def test_every_error_code_is_documented_with_its_status() -> None:
    documented = set(re.findall(r"^\| (\d{3}) \| `(\w+)` \|", DOCUMENT, re.MULTILINE))
    assert documented == {(str(face.status), face.code) for face in FACES.values()}


def test_every_endpoint_is_documented(doors: Doors) -> None:
    documented = set(re.findall(r"^\| `([A-Z]+) (/\S*)` \|", DOCUMENT, re.MULTILINE))
    routes = {(route.method, _canonical(route)) for route in build_app(doors).router.routes() if route.method != "HEAD"}
    assert documented == routes


def test_every_job_status_is_documented() -> None:
    for status in Status:
        assert f"`{status}`" in DOCUMENT


def _canonical(route: web.AbstractRoute) -> str:
    assert route.resource is not None
    return route.resource.canonical
