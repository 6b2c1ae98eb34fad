"""Every call of the API that is described by models: one list, from which routes and the OpenAPI document are made."""

from typing import Final

from aiohttp import web

from app.web.api import api_keys, cache, callbacks, direct_uploads, files, folders, saves, uploads, url_uploads
from app.web.api.endpoint import Endpoint, route

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *uploads.ENDPOINTS,
    *direct_uploads.ENDPOINTS,
    *url_uploads.ENDPOINTS,
    *files.ENDPOINTS,
    *folders.ENDPOINTS,
    *cache.ENDPOINTS,
    *api_keys.ENDPOINTS,
    *callbacks.ENDPOINTS,
)


def routes() -> list[web.RouteDef]:
    """The routes; a part's own address needs no key and has no model."""
    return [
        *(route(endpoint) for endpoint in ENDPOINTS),
        web.put(uploads.PART_ADDRESS, uploads.put_part),
        web.post(saves.ROUTE, saves.save),
    ]
