"""One call of the API as a value: route, models, permission. Routes are made from it, and so is the OpenAPI document."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from app.access.rights import Rights
from app.accounts.permissions import Permission
from app.errors import InvalidField, InvalidRequest
from app.web.auth import require, require_on_paths
from app.web.cache_control import NO_STORE
from app.web.cors import Handler

API: Final = "/v2/accounts/{account}"
SHOWN_CHARACTERS: Final = 100  # of a refused value

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was found to be in order. `query` and `body` are instances of the endpoint's models, None without one."""

    request: web.Request
    account: str
    rights: Rights
    query: Any
    body: Any


Serve = Callable[[Call], Awaitable[BaseModel | None]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A call below /v2/accounts/{account}. Without `answer` it is 204. `streams`: the handler reads the body itself.

    `on_paths`: a browser session may make it; the handler demands the rights at the paths it is about.
    """

    method: str
    path: str
    operation: str
    summary: str
    permission: Permission
    serve: Serve
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | UnionType | None = None
    streams: str | None = None
    also: frozenset[Permission] = frozenset()
    on_paths: bool = False


def route(endpoint: Endpoint) -> web.RouteDef:
    """The route of an endpoint."""
    return web.route(endpoint.method, API + endpoint.path, _handler(endpoint))


def _handler(endpoint: Endpoint) -> Handler:
    admit = require_on_paths if endpoint.on_paths else require

    async def answer(request: web.Request) -> web.StreamResponse:
        account = request.match_info["account"]
        rights = await admit(request, account, endpoint.permission, *endpoint.also)
        query = None if endpoint.query is None else read_query(request, endpoint.query)
        body = None if endpoint.body is None else await read_body(request, endpoint.body)
        return answer_model(await endpoint.serve(Call(request, account, rights, query, body)))

    return answer


def answer_model(model: BaseModel | None) -> web.Response:
    """JSON, or 204 for None. Never stored by anyone."""
    headers = {"Cache-Control": NO_STORE}
    if model is None:
        return web.Response(status=204, headers=headers)
    text = model.model_dump_json(by_alias=True)
    return web.Response(body=text.encode(), content_type="application/json", charset="utf-8", headers=headers)


def read_query(request: web.Request, model: type[Model]) -> Model:
    """The query as a model; raises InvalidField. Parameters that the model does not know are ignored."""
    given: dict[str, object] = {}
    for name, field in model.model_fields.items():
        alias = field.alias or name
        if alias in request.query:
            given[alias] = request.query.getall(alias) if _is_list(field) else request.query[alias]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _refusal("query", error) from error


async def read_body(request: web.Request, model: type[Model]) -> Model:
    """The JSON body as a model; raises InvalidField, and InvalidRequest for what is no JSON."""
    text = await request.read()
    try:
        return model.model_validate_json(text or b"{}")
    except ValidationError as error:
        raise _refusal("body", error) from error


def number_in_path(request: web.Request, name: str) -> int:
    """A number that stands in the path; raises InvalidRequest."""
    text = request.match_info[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise InvalidRequest(f"'{text[:SHOWN_CHARACTERS]}' is no part number: it takes up to 9 digits.")
    return int(text)


def _is_list(field: FieldInfo) -> bool:
    return getattr(field.annotation, "__origin__", None) is list


def _refusal(place: str, error: ValidationError) -> InvalidRequest:
    """The first thing that is wrong, in a form that names it."""
    first: Mapping[str, Any] = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        return InvalidRequest("The body is not valid JSON.")
    where = ".".join([place, *(str(part) for part in first["loc"])])
    # Never a whole object: there may be credentials in it.
    shown = str(first["input"])[:SHOWN_CHARACTERS] if isinstance(first["input"], str | int | float | bool) else ""
    return InvalidField(where, shown, f"{first['msg']}.")
