"""JSON that may differ at the next request: job answers, lists, health."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from app.web.cache_control import NO_STORE


def json_answer(document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """`Cache-Control: no-store` unless `headers` say otherwise."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return web.Response(
        status=status, body=body, content_type="application/json", charset="utf-8", headers={"Cache-Control": NO_STORE, **(headers or {})}
    )
