"""Cache reset (CONTRACT 7): a pattern such as `/audio/dir/*`, worked off as a job."""

from typing import Final

from app.accounts.permissions import Permission
from app.jobs.orders import RESET_CACHE
from app.web.api.endpoint import Call, Endpoint
from app.web.api.file_answers import async_response
from app.web.api.shapes.files import AsyncResponse, ResetCacheRequest
from app.web.keys import ORDERS


async def reset_cache(call: Call) -> AsyncResponse:
    """POST …/cache/reset."""
    return async_response(call.request, await call.request.app[ORDERS].place(call.account, RESET_CACHE, call.body.model_dump()))


ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/cache/reset",
        "ResetCache",
        "Forget variants, as a job: the next request makes and bills them anew.",
        Permission.CACHE_RESET,
        reset_cache,
        body=ResetCacheRequest,
        answer=AsyncResponse,
    ),
)
