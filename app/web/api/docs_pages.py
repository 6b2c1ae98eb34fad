"""GET /openapi.json, and /docs: the same document for people, one page without scripts or foreign hosts."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from aiohttp import web

from app.web.api.calls import ENDPOINTS
from app.web.api.described import DESCRIBED
from app.web.api.file_answers import api_base
from app.web.api.openapi import document
from app.web.pages import page
from app.web.wire import JOB_DOCS_PATH

OPENAPI_PATH: Final = "/openapi.json"
DOCS_PATH: Final = "/docs"
KEPT: Final = {"Cache-Control": "no-cache"}

Schema = Mapping[str, Any]


async def openapi(request: web.Request) -> web.Response:
    """The OpenAPI document."""
    text = json.dumps(document(ENDPOINTS, DESCRIBED, api_base(request)), ensure_ascii=False)
    return web.Response(body=text.encode(), content_type="application/json", charset="utf-8", headers=KEPT)


async def docs(request: web.Request) -> web.Response:
    """The page."""
    whole = document(ENDPOINTS, DESCRIBED, api_base(request))
    calls = "\n".join(_call(path, method, call) for path, calls in whole["paths"].items() for method, call in calls.items())
    shapes = "\n".join(_shape(name, schema) for name, schema in sorted(whole["components"]["schemas"].items()))
    body = (
        f'<h1>API</h1>\n<p><a href="{OPENAPI_PATH}">openapi.json</a> · <a href="{JOB_DOCS_PATH}">what a job says</a></p>\n'
        f"<p>Keys go into <code>Authorization: Bearer</code>. Times are epoch milliseconds.</p>\n<ul>\n{calls}\n</ul>\n"
        f"<h1>Shapes</h1>\n<ul>\n{shapes}\n</ul>"
    )
    return page("API – Soundpath", body)


def _call(path: str, method: str, call: Schema) -> str:
    parts = [f'<code id="{escape(call["operationId"])}">{method.upper()} {escape(path)}</code>', escape(call["summary"])]
    parts += [escape(call["description"])] if "description" in call else []
    asked = [_field(each["name"], each["schema"], each["required"]) for each in call["parameters"] if each["in"] == "query"]
    parts += ["query: " + ", ".join(asked)] if asked else []
    content = call.get("requestBody", {}).get("content", {})
    parts += [f"body: {_type(each['schema'])}" if name == "application/json" else f"body: {escape(name)}" for name, each in content.items()]
    for status, answer in call["responses"].items():
        shown = [_type(each["schema"]) for each in answer.get("content", {}).values()]
        parts += [f"{status}: {', '.join(shown)}"] if shown and status != "default" else []
    return f"<li>{'<br>'.join([parts[0], *(f'<small>{part}</small>' for part in parts[1:])])}</li>"


def _shape(name: str, schema: Schema) -> str:
    required = set(schema.get("required", ()))
    fields = [_field(field, each, field in required) for field, each in schema.get("properties", {}).items()]
    lines = [f'<code id="shape-{escape(name)}">{escape(name)}</code>', f"<small>{escape(schema.get('description', ''))}</small>"]
    return "<li>" + "<br>".join([*lines, *(f"<small>{line}</small>" for line in fields)]) + "</li>"


def _field(name: str, schema: Schema, is_required: bool) -> str:
    return f"<code>{escape(name)}{'' if is_required else '?'}</code> {_type(schema)}"


def _type(schema: Schema) -> str:
    """A schema in a few words; models are links."""
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    alternatives = list(_alternatives(schema))
    if alternatives:
        return " or ".join(dict.fromkeys(alternatives))
    if "const" in schema:
        return escape(json.dumps(schema["const"]))
    return escape(str(schema.get("type", "anything")))


def _alternatives(schema: Schema) -> Iterator[str]:
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield _type(each)
    for value in schema.get("enum", ()):
        yield escape(json.dumps(value))
