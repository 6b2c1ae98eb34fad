"""Query parameters that a Web folder passes on to its origin: they choose the file, so they are part of a variant's identity."""

from dataclasses import replace
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from app.web.address import ARTIFACT_PARAMETERS, VERSION_PARAMETERS
from app.web.asked import Asked
from app.web.delivery import PARAMETERS
from app.web.keys import ORIGINALS
from transforms.params import Params

_OURS: Final = frozenset({*PARAMETERS, *ARTIFACT_PARAMETERS, *VERSION_PARAMETERS, "callback"})


def forwardable(params: Params) -> str:
    """What could be passed on, encoded: nothing that is about delivery."""
    return urlencode([(name, value) for name, value in params if name.replace("-", "_") not in _OURS])


async def with_forwarded(request: web.Request, asked: Asked) -> Asked:
    """The same request, its job knowing what its origin is asked with. Most folders forward nothing."""
    originals = request.app[ORIGINALS]
    passed_on = await originals.forwarded(asked.address.account, asked.address.path, forwardable(asked.address.params))
    if not passed_on:
        return asked
    new = asked.new_job
    identity = sha256(f"{new.identity}\n{passed_on}".encode()).hexdigest()
    return replace(asked, new_job=replace(new, identity=identity, query="&".join(part for part in (new.query, passed_on) if part)))
