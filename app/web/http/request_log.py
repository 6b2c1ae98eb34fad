"""One line per request, for operators who ask for it (SOUNDPATH_ACCESS_LOG): it costs more than half of the hit rate (ENGINE 8)."""

import re
from typing import Final

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from app.web.http.request_id import request_id

_log: Final = structlog.get_logger("app.access")
_SIGNATURE: Final = re.compile(r"(?<=[?!&]sig=)[^&]*")


class RequestLog(AbstractAccessLogger):
    """aiohttp calls `log` after each answer. Signatures of signed URLs are left out: whoever has one has the file."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line; `time` is the whole of the answer in seconds."""
        _log.info(
            "request",
            request_id=request_id(request),
            remote=request.remote,
            method=request.method,
            target=_SIGNATURE.sub("…", request.raw_path if isinstance(request, web.Request) else ""),
            status=response.status,
            size_bytes=response.content_length,
            seconds=round(time, 6),
        )
