"""The OpenAPI 3.1 document: made from the endpoints that serve, so that it cannot say anything else."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.accounts.accounts import ACCOUNT_PATTERN
from app.accounts.permissions import Permission
from app.web.api.endpoint import API, Endpoint
from app.web.api.shapes.errors import ErrorResponse

VERSION: Final = "2.0.0"  # the vendor's API has this number
REFERENCE: Final = "#/components/schemas/{model}"

Schema = dict[str, Any]
_Mode = Literal["validation", "serialization"]
_PATH_NAME: Final = re.compile(r"\{(\w+)(?::[^{}]*)?\}")


@dataclass(frozen=True, slots=True)
class Described:
    """A call outside of `Endpoint`'s kind: served by a handler of its own. `bytes_of`: the media type of an answer that is no JSON."""

    method: str
    path: str
    operation: str
    summary: str
    permission: Permission | None = None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | UnionType | None = None
    streams: str | None = None
    bytes_of: str | None = None


def document(endpoints: Iterable[Endpoint], described: Iterable[Described], base: str) -> Schema:
    """The whole document; `base` is where the service is."""
    calls = [_as_described(endpoint) for endpoint in endpoints] + list(described)
    references, schemas = _schemas(calls)
    paths: dict[str, Schema] = {}
    for call in calls:
        paths.setdefault(_PATH_NAME.sub(r"{\1}", call.path), {})[call.method.lower()] = _operation(call, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Soundpath", "version": VERSION, "description": "An audio CDN: the URL is the transformation."},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }


def models_of(answer: type[BaseModel] | UnionType | None) -> tuple[type[BaseModel], ...]:
    """The models that an answer may be."""
    if answer is None:
        return ()
    return get_args(answer) if isinstance(answer, UnionType) else (answer,)


def _as_described(endpoint: Endpoint) -> Described:
    return Described(
        method=endpoint.method,
        path=API + endpoint.path,
        operation=endpoint.operation,
        summary=endpoint.summary,
        permission=endpoint.permission,
        query=endpoint.query,
        body=endpoint.body,
        answer=endpoint.answer,
        streams=endpoint.streams,
    )


_References = Mapping[tuple[Any, _Mode], Schema]


def _schemas(calls: list[Described]) -> tuple[_References, Schema]:
    """Every model once, requests as they are read and answers as they are written."""
    wanted: dict[tuple[type[BaseModel], _Mode], None] = {(ErrorResponse, "serialization"): None}
    for call in calls:
        wanted.update({(model, "validation"): None for model in (call.query, call.body) if model is not None})
        wanted.update({(model, "serialization"): None for model in models_of(call.answer)})
    references, definitions = models_json_schema(list(wanted), ref_template=REFERENCE)
    return references, definitions.get("$defs", {})


def _operation(call: Described, references: _References) -> Schema:
    operation: Schema = {
        "operationId": call.operation,
        "summary": call.summary,
        "parameters": [*_path_parameters(call.path), *_query_parameters(call.query)],
        "responses": {**_success(call, references), "default": _json("What went wrong.", references[ErrorResponse, "serialization"])},
    }
    if call.permission is not None:
        operation["security"] = [{"bearer": []}, {"basic": []}, {"header": []}]
        operation["description"] = f"Needs the permission `{call.permission}`."
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": references[call.body, "validation"]}}}
    elif call.streams is not None:
        operation["requestBody"] = {"required": True, "content": {call.streams: {"schema": _streamed(call.streams)}}}
    return operation


def _streamed(media_type: str) -> Schema:
    if media_type == "multipart/form-data":
        return {"type": "object", "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}}}
    return {"type": "string", "contentMediaType": media_type}


def _success(call: Described, references: _References) -> Schema:
    models = models_of(call.answer)
    if call.bytes_of is not None:
        return {"200": {"description": "The bytes.", "content": {call.bytes_of: {"schema": {"type": "string"}}}}}
    if not models:
        return {"200" if call.method == "PUT" else "204": {"description": "Done."}}
    shown = [references[model, "serialization"] for model in models]
    return {"200": _json("Done.", shown[0] if len(shown) == 1 else {"anyOf": shown})}


def _json(text: str, schema: Schema) -> Schema:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _path_parameters(path: str) -> list[Schema]:
    return [{"name": name, "in": "path", "required": True, "schema": _path_schema(name)} for name in _PATH_NAME.findall(path)]


def _path_schema(name: str) -> Schema:
    if name == "account":
        return {"type": "string", "pattern": f"^{ACCOUNT_PATTERN.pattern}$"}
    return {"type": "integer", "minimum": 0} if name == "number" else {"type": "string", "minLength": 1}


def _query_parameters(model: type[BaseModel] | None) -> list[Schema]:
    """Each field on its own: a query has no nesting."""
    if model is None:
        return []
    schema = model.model_json_schema(mode="validation", ref_template=REFERENCE)
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": {k: v for k, v in field.items() if k != "title"}}
        for name, field in schema.get("properties", {}).items()
    ]
