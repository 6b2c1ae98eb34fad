"""The OpenAPI document: valid, complete, true to what is answered; and no request that it allows makes the service fail."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from openapi_spec_validator import validate

from app.web.api.calls import ENDPOINTS
from app.web.api.described import DESCRIBED
from app.web.api.openapi import document, models_of
from app.web.api.shapes.jobs import JobSummary
from app.web.server import Doors, build_app
from tests.service import ACCOUNT, running
from tests.storage.fetch.origins import serving

GOLDEN = Path(__file__).parent / "golden"
FETCHES = {"UploadFromUrl", "CreateSubscription", "Subscribe"}  # tests open no foreign host


def test_the_document_is_valid() -> None:
    validate(document(ENDPOINTS, DESCRIBED, "https://audio.example"))


def test_every_route_of_the_api_is_in_the_document(doors: Doors) -> None:
    described = {(method.upper(), path) for path, calls in document(ENDPOINTS, DESCRIBED, "")["paths"].items() for method in calls}
    routes = {(route.method, _canonical(route)) for route in build_app(doors).router.routes() if route.method != "HEAD"}
    served = {(method, path) for method, path in routes if path.startswith("/v2/") or "/save/" in path}
    usage = {(method, path) for method, path in served if path.endswith("/usage")}  # has a CSV form, and its own page
    assert served - usage <= described
    assert described <= routes


def test_job_answers_are_what_the_document_says() -> None:
    for file in sorted(GOLDEN.glob("api_job_*.json")):
        JobSummary.model_validate_json(file.read_text())


def test_no_endpoint_shows_credentials() -> None:
    shown = json.dumps({e.operation: [m.model_json_schema(mode="serialization") for m in models_of(e.answer)] for e in ENDPOINTS})
    assert "secretKey" not in shown
    assert "awsSecretKey" not in shown


async def test_nothing_that_the_document_allows_is_answered_with_5xx(tmp_path: Path) -> None:
    async with serving(_nothing_here) as port, running(tmp_path / "data", SOUNDPATH_FETCH_ALLOWED_HOSTS=f"127.0.0.1:{port}") as service:
        whole = (await service.get("/openapi.json")).json()
        file = tmp_path / "openapi.json"
        file.write_text(json.dumps(_within_reach(whole, f"http://127.0.0.1:{port}")))
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", service.url, "--workers", "1"),
            *("-H", f"Authorization: Bearer {service.secret}", "--checks", "not_a_server_error", "--max-examples", "5"),
            *("--phases", "fuzzing", "--generation-database", "none", "--suppress-health-check", "all", "--no-color"),
        ]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=tmp_path
        )
        try:
            async with asyncio.timeout(240):
                out, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, out.decode()[-6000:] + service.log()[-4000:]
        assert "request failed" not in service.log()


async def test_the_page_for_people_needs_no_other_host(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        page = await service.get("/docs")
        assert (page.status, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
        text = page.body.decode()
        assert all(endpoint.operation in text for endpoint in ENDPOINTS)
        assert "<script" not in text
        assert 'src="http' not in text
        job_docs = (await service.get("/docs/job-api/GetJob")).status
        assert job_docs == 200


async def _nothing_here(request: web.Request) -> web.Response:
    """A web server, and a bucket, without any files."""
    if "list-type" in request.query:
        return web.Response(text="<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
    return web.Response(status=404)


def _within_reach(whole: dict[str, Any], origin: str) -> dict[str, Any]:
    """The document with the account we have a key for, and without what would go out into the world: folders lie at `origin` at most."""
    schemas = whole["components"]["schemas"]
    schemas["WebStorage"]["properties"]["baseUrl"] = {"const": origin}
    schemas["GenericS3Bucket"]["properties"]["bucketEndpoint"] = {"const": origin}
    schemas["StorageLayerChange"]["properties"]["value"]["anyOf"][0]["oneOf"].remove({"$ref": "#/components/schemas/S3StorageUpdate"})
    for calls in whole["paths"].values():
        for method in [method for method, call in calls.items() if call["operationId"] in FETCHES]:
            del calls[method]
        for call in calls.values():
            for parameter in call["parameters"]:
                if parameter["name"] == "account":
                    parameter["schema"] = {"const": ACCOUNT}
    return whole


def _canonical(route: web.AbstractRoute) -> str:
    assert route.resource is not None
    return route.resource.canonical
