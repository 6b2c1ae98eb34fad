"""Every error in the one shape, with the status of CONTRACT 10, and nothing of ours in it."""

import inspect
import json
from collections.abc import Iterator
from types import ModuleType

import pytest
from aiohttp import web
from structlog.testing import capture_logs

import app.errors
import storage.errors
import transforms.errors
from app.errors import FACES, INTERNAL, AppError, Conflict, Overloaded, PublicError, RateLimited, Unauthenticated, describe, face_of
from app.web.server import MAX_BODY_BYTES
from storage.errors import InvalidKey, ObjectMissing, StorageError, StoreFull, StoreUnavailable
from tests.app.web.conftest import ACCOUNT, Service
from tests.app.web.exchange import exchange
from transforms.errors import EngineCrash, InvalidParameter, TooLarge, TransformError, TrimStartExceedsDuration, UnsupportedInput

SECRET = "/srv/secret/key.pem"

CASES = [
    (InvalidParameter("br", "1", "allowed are 16, 20"), 400, "invalid_parameter"),
    (TrimStartExceedsDuration("The trim starts too late."), 400, "trim_start_exceeds_duration"),
    (TooLarge("Too long."), 413, "too_large"),
    (UnsupportedInput("No audio track."), 422, "unsupported_input"),
    (EngineCrash(f"died at {SECRET}"), 500, "internal_error"),
    (InvalidKey(SECRET), 400, "invalid_url"),
    (ObjectMissing(SECRET), 404, "file_not_found"),
    (StoreFull(SECRET), 503, "overloaded"),
    (StoreUnavailable(SECRET), 503, "overloaded"),
    (Conflict("Busy."), 409, "conflict"),
    (RateLimited("Slower.", 3), 429, "rate_limited"),
    (Overloaded("Full.", 7), 503, "overloaded"),
    (KeyError(SECRET), 500, "internal_error"),
    (ConnectionRefusedError(SECRET), 500, "internal_error"),
    (TimeoutError(SECRET), 500, "internal_error"),
]


@pytest.mark.parametrize(
    ("error", "status", "code"), CASES, ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None
)
async def test_what_a_handler_raises_is_answered(service: Service, error: Exception, status: int, code: str) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        raise error

    service.variants.answer = answer
    with capture_logs() as logs:
        got = await service.get(f"/{ACCOUNT}/audio/a.mp3?f=mp3")
        head = await service.get(f"/{ACCOUNT}/audio/a.mp3?f=mp3", "HEAD")
    assert (got.status, head.status, head.body) == (status, status, b"")
    document = json.loads(got.body)
    assert list(document) == ["error"]
    assert document["error"]["code"] == code
    assert SECRET.encode() not in got.body
    assert got.headers["Content-Type"].startswith("application/json")
    assert got.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in got.headers) == (status in (429, 503))
    # Our own faults, and only those, are in the log, under the id that the client was given.
    wanted = [got.headers["X-Request-Id"], head.headers["X-Request-Id"]] if status >= 500 and not isinstance(error, Overloaded) else []
    assert [log["request_id"] for log in logs] == wanted


async def test_who_is_not_known_is_told_how_to_come_in(service: Service) -> None:
    """RFC 9110 15.5.2: every 401 has a challenge, whoever raises it."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        raise Unauthenticated("This file is private.")

    service.variants.answer = answer
    got = await service.get(f"/{ACCOUNT}/audio/a.mp3?f=mp3")
    assert (got.status, got.headers["WWW-Authenticate"]) == (401, 'Bearer realm="soundpath"')


async def test_a_refused_parameter_says_where(service: Service) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        raise InvalidParameter("br", "17", "allowed are 16, 20")

    service.variants.answer = answer
    error = json.loads((await service.get(f"/{ACCOUNT}/audio/a.mp3?br=17")).body)["error"]
    sentence = "Parameter 'br' cannot be '17': allowed are 16, 20."
    assert error == {
        "code": "invalid_parameter",
        "message": sentence,
        "details": {"query.br": {"message": sentence, "value": "17"}},
    }


async def test_unknown_addresses_and_methods(service: Service) -> None:
    for target in ("/nothing", "/a/b/c/d", "/v2/accounts/W142hJk/nothing", "//", f"/{ACCOUNT}/image/a.jpg"):
        answer = await service.get(target)
        assert (answer.status, json.loads(answer.body)["error"]["code"]) == (404, "route_not_found")
    refused = await service.get(f"/{ACCOUNT}/raw/a.mp3", "POST")
    assert (refused.status, json.loads(refused.body)["error"]["code"]) == (405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert (await service.get("/healthz", "DELETE")).headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_too_large_bodies(service: Service) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        raise AssertionError("the body was taken")

    service.variants.answer = answer
    body = bytes(MAX_BODY_BYTES + 1)
    refused = await exchange(service.port, f"/{ACCOUNT}/audio/a.mp3", headers={"Content-Length": str(len(body))}, body=body)
    assert (refused.status, json.loads(refused.body)["error"]["code"]) == (413, "too_large")


async def test_the_request_id_is_the_proxys_or_ours(service: Service) -> None:
    assert (await service.get("/healthz", X_Request_Id="abc-1")).headers["X-Request-Id"] == "abc-1"
    ids = {(await service.get("/healthz", X_Request_Id="a b" + "x" * 99)).headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(len(one) == 20 and int(one, 16) for one in ids)


def classes(module: ModuleType) -> Iterator[type[Exception]]:
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Exception) and found.__module__ == module.__name__:
            yield found


@pytest.mark.parametrize(
    "kind", [*classes(app.errors), *classes(storage.errors), *classes(transforms.errors)], ids=lambda kind: kind.__name__
)
def test_every_class_has_a_face_of_its_own(kind: type[Exception]) -> None:
    """A new class is put on the map, unless it is the root of others or one of the engine's faults."""
    face = next(FACES[above] for above in kind.__mro__ if above in FACES)
    assert face is not INTERNAL or kind.__subclasses__() or issubclass(kind, transforms.errors.EngineFault)


@pytest.mark.parametrize(
    "kind", [*classes(app.errors), *classes(storage.errors), *classes(transforms.errors)], ids=lambda kind: kind.__name__
)
def test_every_class_is_in_its_tree(kind: type[Exception]) -> None:
    module = inspect.getmodule(kind)
    assert module is not None
    assert kind.__name__ in str(module.__doc__)


def test_roots_look_internal() -> None:
    for root in (AppError, StorageError, TransformError):
        assert FACES[root] is INTERNAL


def test_codes_have_one_status_each() -> None:
    statuses: dict[str, set[int]] = {}
    for face in FACES.values():
        statuses.setdefault(face.code, set()).add(face.status)
    assert {code: seen for code, seen in statuses.items() if len(seen) > 1} == {}


def test_foreign_errors_say_nothing() -> None:
    assert face_of(RuntimeError(SECRET)) is INTERNAL
    assert describe(RuntimeError(SECRET)) == PublicError(500, "internal_error", str(INTERNAL.sentence))
