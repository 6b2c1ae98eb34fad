"""Exceptions to answers: the one place where an error becomes HTTP (CONTRACT 10), and where the unexpected is logged."""

import json
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web

from app.errors import AppError, InvalidRequest, MethodNotAllowed, PublicError, RequestTooLarge, RouteNotFound, describe
from app.web.cache_control import NO_STORE, missing_cache_control
from app.web.cors import Handler
from app.web.delivery import parse_delivery
from app.web.http.request_id import request_id
from app.web.page.error_page import error_page, has_page, wants_page
from app.web.target import address_of
from transforms.errors import InvalidParameter

_log: Final = structlog.get_logger(__name__)


@web.middleware
async def error_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Run the handler; whatever it raises is answered in the shape of CONTRACT 7."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        public = describe(_translate(error, request))
    except AppError as error:
        public = describe(error)
    except ConnectionError as error:
        if request.transport is None:
            return web.Response(status=400)  # the client has left: nobody reads this, and nothing went wrong
        public = _reported(request, error)
    except Exception as error:
        public = _reported(request, error)
    lifetime = _missing_lifetime(request) if public.status == 404 else NO_STORE
    if not has_page(request):
        return error_answer(public, lifetime)
    answer = error_page(request, public, lifetime) if wants_page(request) else error_answer(public, lifetime)
    answer.headers["Vary"] = "Accept"  # in both forms: a cache that may keep one of them must not answer the other's request with it
    return answer


def error_answer(public: PublicError, cache_control: str = NO_STORE) -> web.Response:
    """The response to an error. Its body is left out for HEAD by the server, its length is told."""
    headers = {"Cache-Control": cache_control, **public.headers}
    return web.Response(
        status=public.status, body=json.dumps(error_json(public)).encode(), headers=headers, content_type="application/json"
    )


def error_json(public: PublicError) -> dict[str, Any]:
    """`{"error": {"code", "message", "details"?}}`."""
    inner: dict[str, Any] = {"code": public.code, "message": public.message}
    if public.details:
        inner["details"] = public.details
    return {"error": inner}


def _reported(request: web.Request, error: Exception) -> PublicError:
    """What the client sees of it; our own faults leave their whole story in the log, a back end that is away one line."""
    public = describe(error)
    if public.status == HTTPStatus.SERVICE_UNAVAILABLE:
        cause = repr(error.__cause__ or error)
        _log.warning("request put off", request_id=request_id(request), method=request.method, path=request.path, error=cause)
    elif public.status >= 500:
        detail = getattr(error, "detail", "")
        _log.error(
            "request failed", request_id=request_id(request), method=request.method, path=request.path, detail=detail, exc_info=error
        )
    return public


def _missing_lifetime(request: web.Request) -> str:
    """What `cache_ttl_404` allows, on addresses that have parameters."""
    try:
        return missing_cache_control(parse_delivery(address_of(request).params))
    except (AppError, InvalidParameter):
        return NO_STORE


def _translate(error: web.HTTPException, request: web.Request) -> AppError:
    """The library's refusals in our words."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        return MethodNotAllowed(request.method, {*error.allowed_methods, "OPTIONS"})
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return RequestTooLarge("The request's body is too large.")
    if isinstance(error, web.HTTPNotFound):
        return RouteNotFound()
    return InvalidRequest(f"{error.reason}.")
