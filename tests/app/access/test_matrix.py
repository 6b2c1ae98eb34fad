"""Every route of the service, asked by everybody: nobody reads or writes where he does not belong.

A new route without an entry here fails; described endpoints have theirs from the permission they declare.
"""

import re
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from app.accounts.keys import ApiKeys, NewKey
from app.accounts.permissions import ALLOWED, KeyKind, Permission
from app.web.api.calls import ENDPOINTS
from app.web.api.endpoint import API
from app.web.server import Doors, build_app
from storage.db import Database
from tests import tones
from tests.service import ACCOUNT, Answer, Service

OTHER = "A142hJk"

PUBLIC = None
"""For everybody: what there is to protect is not in the address but in the file (test_private_files) or in the body."""

NOT_DESCRIBED: Mapping[tuple[str, str], Permission | None] = {
    ("GET", "/"): PUBLIC,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/livez"): PUBLIC,
    ("GET", "/metrics"): PUBLIC,  # from the networks that the operator names
    ("GET", "/robots.txt"): PUBLIC,
    ("GET", "/oembed"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/docs"): PUBLIC,
    ("GET", "/docs/job-api/GetJob"): PUBLIC,
    ("GET", "/player/soundpath.js"): PUBLIC,
    ("GET", "/player/{hash}/{name}"): PUBLIC,
    ("GET", "/.well-known/jwks.json"): PUBLIC,
    ("GET", "/{account}/raw/{path}"): PUBLIC,
    ("GET", "/{account}/audio/{path}"): PUBLIC,
    ("PUT", "/api/v1/access_tokens/{account}"): PUBLIC,  # the token in its body is what counts
    ("DELETE", "/api/v1/access_tokens/{account}"): PUBLIC,  # forgets the caller's own cookie
    ("POST", "/{account}/save/audio/{path}"): Permission.FILES_DOWNLOAD,
    ("GET", f"{API}/usage"): Permission.USAGE,
    ("GET", f"{API}/jobs"): Permission.JOBS_READ,
    ("GET", f"{API}/jobs/{{job_type}}/{{job_id}}"): Permission.JOBS_READ,
    ("DELETE", f"{API}/jobs/{{job_type}}/{{job_id}}"): Permission.JOBS_CANCEL,
}

ALSO: Mapping[tuple[str, str], frozenset[Permission]] = {
    ("POST", "/{account}/save/audio/{path}"): frozenset({Permission.FILES_CREATE}),
    **{(endpoint.method, API + endpoint.path): endpoint.also for endpoint in ENDPOINTS},
}
"""What a call takes besides: whoever copies a private file to a public place must be one who may read it."""

UNGUESSABLE = ("/uploads/", "/upload/")
"""Addresses of parts: the client puts bytes there without a key, the address itself is the secret (CONTRACT 7)."""


def needed(method: str, route: str) -> Permission | None:
    described = {(endpoint.method, API + endpoint.path): endpoint.permission for endpoint in ENDPOINTS}
    table = {**NOT_DESCRIBED, **described}
    if (method, route) not in table and method == "PUT" and any(part in route for part in UNGUESSABLE):
        return PUBLIC
    assert (method, route) in table, f"{method} {route} is in no table: who may call it?"
    return table[method, route]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    library: Path = tmp_path_factory.mktemp("library")
    tones.write(library / "x.wav", tones.chirp(1, 44_100), 44_100)
    async with Service(tmp_path_factory.mktemp("data"), library, {"SOUNDPATH_RATE_REFUSALS": "0"}) as running:
        yield running


def routes(doors: Doors) -> list[tuple[str, str]]:
    found = [(route.method, route.resource.canonical) for route in build_app(doors).router.routes() if route.resource is not None]
    return sorted(set(found) - {each for each in found if each[0] == "HEAD"})


def target(route: str, account: str) -> str:
    filled = route.replace("{account}", account).replace("{path}", "x.wav").replace("{job_type}", "ProcessFileJob")
    return re.sub(r"\{\w+\}", "0123456789ABCDEFGHJKMNPQRS", filled)


async def ask(service: Service, method: str, where: str, key: str | None) -> Answer:
    """As a client of the API asks; a key of None sends no Authorization at all."""
    body = None if method == "GET" else b"{}"
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    async with aiohttp.ClientSession() as session, session.request(method, service.url + where, data=body, headers=headers) as response:
        return Answer(response.status, {}, await response.read())


@pytest.mark.asyncio(loop_scope="module")
async def test_who_may_do_what(service: Service, doors: Doors) -> None:
    outside = Database(f"sqlite+aiosqlite:///{service.data / 'soundpath.db'}")
    try:
        wrong = await trespasses(service, routes(doors), ApiKeys(outside))
    finally:
        await outside.close()
    assert not wrong, "\n".join(wrong)
    assert len(routes(doors)) > 20


async def trespasses(service: Service, asked: list[tuple[str, str]], keys: ApiKeys) -> list[str]:
    _, other = await keys.create(OTHER, KeyKind.SECRET)
    _, expired = await keys.create_from(NewKey(ACCOUNT, KeyKind.SECRET, expires_ms=int(time.time() * 1000) - 1))
    unknown = service.secret[:-1] + ("2" if service.secret[-1] != "2" else "3")
    wrong: list[str] = []
    for method, route in asked:
        permission, also = needed(method, route), ALSO.get((method, route), frozenset())
        where = target(route, ACCOUNT)
        callers: dict[str, tuple[str | None, set[int] | None]] = {
            "anonymous": (None, {401}),
            "unknown": (unknown, {401}),
            "expired": (expired, {401}),
            "other account": (other, {403}),
            "public": (service.public, None if permission is None or {permission, *also} <= ALLOWED[KeyKind.PUBLIC] else {403}),
            "secret": (service.secret, None),
        }
        if permission is not None:
            _, narrow = await keys.create_from(NewKey(ACCOUNT, KeyKind.SECRET, scopes=frozenset(Permission) - {permission}))
            _, exact = await keys.create_from(NewKey(ACCOUNT, KeyKind.SECRET, scopes=frozenset({permission, *also})))
            callers |= {"wrong scope": (narrow, {403}), "right scope": (exact, None)}
        for who, (key, expected) in callers.items():
            answer = await ask(service, method, where, key)
            is_let_in = answer.status not in (401, 403) and answer.status < 500
            if not (is_let_in if permission is None or expected is None else answer.status in expected):
                wrong.append(f"{method} {where} by {who}: {answer.status} {answer.body[:120]!r}")
    return wrong


def test_who_copies_may_read() -> None:
    copies = [endpoint for endpoint in ENDPOINTS if "/files/copy" in endpoint.path]
    assert len(copies) == 2
    assert all(Permission.FILES_DOWNLOAD in endpoint.also for endpoint in copies)


def test_the_table_names_nothing_that_is_gone(doors: Doors) -> None:
    operations = {("GET", path) for path in ("/readyz", "/livez", "/metrics", "/openapi.json", "/docs")}
    assert set(NOT_DESCRIBED) - set(routes(doors)) <= operations


@pytest.mark.asyncio(loop_scope="module")
async def test_another_accounts_address_needs_its_own_key(service: Service) -> None:
    assert (await service.get(f"/v2/accounts/{OTHER}/jobs")).status == 403
