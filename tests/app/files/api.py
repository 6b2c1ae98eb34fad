"""The JSON API of a running service, as tests speak to it."""

import io
import json
from typing import Any

import aiohttp
from yarl import URL

from tests.service import ACCOUNT, Answer, Service


async def call(service: Service, method: str, path: str, body: object = None, key: str | None = None, **headers: str) -> Answer:
    """A call below /v2/accounts/{account}; `body` is JSON unless it is bytes; an empty `key` sends none."""
    shown = service.secret if key is None else key
    sent = {"Authorization": f"Bearer {shown}"} if shown else {}
    sent |= {k.replace("_", "-"): v for k, v in headers.items()}
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    url = URL(path if path.startswith("http") else f"{service.url}/v2/accounts/{ACCOUNT}{path}", encoded=True)
    streamed = None if content is None else io.BytesIO(content)
    async with aiohttp.ClientSession() as session, session.request(method, url, data=streamed, headers=sent) as answer:
        return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, await answer.read())


async def ok(service: Service, method: str, path: str, body: object = None, **more: Any) -> Any:
    """The same, answered with JSON and without an error."""
    answer = await call(service, method, path, body, **more)
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()


async def finish(service: Service, order: Any) -> Any:
    """Wait for the job of an AsyncResponse."""
    return await service.finished(order["jobUrl"].removeprefix(service.url))


async def upload(service: Service, path: str, content: bytes, **headers: str) -> Any:
    """A file, in one request."""
    return await ok(service, "POST", f"/uploads/binary?filePath={path}", content, **headers)
