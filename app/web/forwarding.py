"""Query parameters that a Web folder passes on to its origin: they choose the file, so they are part of a variant's identity."""

from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlencode

from aiohttp import web

from app.web.address import Address
from app.web.asked import Asked
from app.web.delivery import NAMES
from app.web.keys import ORIGINALS
from transforms.params import Params


def forwardable(params: Params) -> str:
    """What could be passed on, encoded: nothing that is about delivery."""
    return urlencode([(name, value) for name, value in params if name.replace("-", "_") not in NAMES])


async def forwarded(request: web.Request, address: Address) -> str:
    """What the origin of an address's file is asked with, encoded; most folders forward nothing."""
    return await request.app[ORIGINALS].forwarded(address.account, address.path, forwardable(address.params))


async def with_forwarded(request: web.Request, asked: Asked) -> Asked:
    """The same request, knowing what its origin is asked with."""
    passed_on = await forwarded(request, asked.address)
    if not passed_on:
        return asked
    new = asked.new_job
    identity = sha256(f"{new.identity}\n{passed_on}".encode()).hexdigest()
    query = "&".join(part for part in (new.query, passed_on) if part)
    return replace(asked, forwarded=passed_on, new_job=replace(new, identity=identity, query=query))
