"""Every call of the API that is described by models: one list, from which routes and the OpenAPI document are made."""

from typing import Final

from aiohttp import web

from app.web import cache_api, callbacks_api, direct_uploads_api, files_api, folders_api, keys_api, save_api, uploads_api, url_upload_api
from app.web.endpoint import Endpoint, route

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *uploads_api.ENDPOINTS,
    *direct_uploads_api.ENDPOINTS,
    *url_upload_api.ENDPOINTS,
    *files_api.ENDPOINTS,
    *folders_api.ENDPOINTS,
    *cache_api.ENDPOINTS,
    *keys_api.ENDPOINTS,
    *callbacks_api.ENDPOINTS,
)


def routes() -> list[web.RouteDef]:
    """The routes; a part's own address needs no key and has no model."""
    return [
        *(route(endpoint) for endpoint in ENDPOINTS),
        web.put(uploads_api.PART_ADDRESS, uploads_api.put_part),
        web.post(save_api.ROUTE, save_api.save),
    ]
