"""The id that ties an answer to its lines in the log: the proxy's, or one of ours."""

import re
import secrets
from itertools import count
from typing import Final

from aiohttp import web

HEADER: Final = "X-Request-Id"

# Unique without asking the kernel for randomness at each hit.
_PROGRAM: Final = secrets.token_hex(6)
_NUMBERS: Final = count()

_KEY: Final = web.RequestKey("request_id", str)
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")  # goes into the log and back to the client


def request_id(request: web.BaseRequest) -> str:
    """The same id however often it is asked for."""
    known = request.get(_KEY)
    if known is None:
        given = request.headers.get(HEADER)
        known = given if given is not None and _WELL_FORMED.fullmatch(given) else f"{_PROGRAM}{next(_NUMBERS):08x}"
        request[_KEY] = known
    return known
