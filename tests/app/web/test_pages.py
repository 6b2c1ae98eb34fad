"""Pages and fixed answers: they stand alone, and reading them starts nothing."""

import json
import re

from tests.app.web.conftest import Service


async def test_health(service: Service) -> None:
    answer = await service.get("/healthz")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await service.get("/healthz", "HEAD")).body == b""


async def test_robots(service: Service) -> None:
    answer = await service.get("/robots.txt")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert b"Disallow: /*/audio/" in answer.body.splitlines()


async def test_the_front_page_leads_to_the_player_and_five_more_urls_and_needs_no_other_host(service: Service) -> None:
    answer = await service.get("/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = answer.body.decode()
    links = re.findall(r'href="([^"]*)"', page)
    assert len(links) == 6
    assert links[0] == "/W142hJk/audio/demo.wav"
    assert all(link.startswith("/W142hJk/") and "/demo.wav" in link for link in links)
    assert not re.search(r"https?://|<script|@import", page)
    assert page.count("<audio") == page.count('preload="none"') > 0
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_job_docs(service: Service) -> None:
    answer = await service.get("/docs/job-api/GetJob")
    assert answer.status == 200
    assert b"artifactUrl" in answer.body
