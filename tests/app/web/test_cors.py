"""CORS on everything (CONTRACT 8)."""

import pytest
from aiohttp import web

from tests.app.web.conftest import ACCOUNT, Service

EVERYWHERE = [
    "/",
    "/healthz",
    f"/{ACCOUNT}/raw/a.mp3",
    f"/{ACCOUNT}/raw/missing.mp3",
    "/nothing",
    f"/{ACCOUNT}/raw/../x",
    "/v2/accounts/W142hJk/jobs",
]


@pytest.mark.parametrize("target", EVERYWHERE)
async def test_every_answer_may_be_read_by_every_page(service: Service, target: str) -> None:
    (service.library / "a.mp3").write_bytes(b"x")
    for method in ("GET", "HEAD", "POST"):
        answer = await service.get(target, method, Origin="https://page.example")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Expose-Headers"] == "ETag, Content-Length, Content-Range, Accept-Ranges"
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_faults_too(service: Service) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        raise RuntimeError

    service.variants.answer = answer
    fault = await service.get(f"/{ACCOUNT}/audio/a.mp3")
    assert (fault.status, fault.headers["Access-Control-Allow-Origin"]) == (500, "*")


@pytest.mark.parametrize("target", [*EVERYWHERE, "/api/v1/access_tokens/W142hJk", "/v2/accounts/W142hJk/uploads"])
async def test_preflight_is_answered_everywhere(service: Service, target: str) -> None:
    answer = await service.get(target, "OPTIONS", Origin="https://page.example", Access_Control_Request_Method="PUT")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST, PUT, DELETE"
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert allowed == ["Authorization", "Authorization-Token", "Content-Type", "Range", "X-Upload-Metadata"]
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


async def test_credentials_are_for_access_tokens_alone(service: Service) -> None:
    answer = await service.get("/api/v1/access_tokens/W142hJk", "OPTIONS", Origin="https://page.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Vary"] == "Origin"


async def test_answers_do_not_name_the_library(service: Service) -> None:
    assert (await service.get("/healthz")).headers["Server"] == "Soundpath"
