"""PUT and DELETE /api/v1/access_tokens/{account}: browser sessions (CONTRACT 7), as the npm client's AuthManager begins and ends them."""

import time
from typing import Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.access.sessions import TokenRefused
from app.errors import InvalidRequest, Unauthenticated
from app.web.address import check_account
from app.web.auth import page_origin, session_cookie
from app.web.cache_control import NO_STORE
from app.web.json_answer import json_answer
from app.web.keys import PUBLIC_URL, SESSIONS

ROUTE: Final = "/api/v1/access_tokens/{account}"


class AccessToken(BaseModel):
    """The body of a PUT."""

    model_config = ConfigDict(populate_by_name=True)

    token: str = Field(alias="accessToken", min_length=1)


async def begin(request: web.Request) -> web.Response:
    """`{"accessToken": jwt}` → `{"accessToken", "ttlSeconds"}`, with `set-cookie=true` also as a cookie for the account's files.

    The token that comes back goes into `Authorization-Token`. It is the JWT itself: nothing is stored here, and every process knows it.
    """
    account = check_account(request.match_info["account"])
    try:
        token = AccessToken.model_validate_json(await request.read()).token
    except ValidationError:
        raise InvalidRequest('The body takes {"accessToken": "<JWT>"}.') from None
    try:
        session = await request.app[SESSIONS].read(account, token)
    except TokenRefused as error:
        raise Unauthenticated(str(error)) from None
    if not session.is_welcome_from(page_origin(request)):
        raise Unauthenticated("The session is not for pages of this origin.")
    left_seconds = max(1, int(session.expires_seconds - time.time()))
    answer = json_answer({"accessToken": token, "ttlSeconds": left_seconds})
    if request.query.get("set-cookie") == "true":
        _set_cookie(request, answer, account, token, left_seconds)
    return answer


async def end(request: web.Request) -> web.Response:
    """204; the cookie is gone."""
    answer = web.Response(status=204, headers={"Cache-Control": NO_STORE})
    _set_cookie(request, answer, check_account(request.match_info["account"]), "", 0)
    return answer


def _set_cookie(request: web.Request, answer: web.Response, account: str, token: str, seconds: int) -> None:
    """Seen by no script and sent with the account's files alone; to pages of other sites only over HTTPS, as browsers demand."""
    public = request.app[PUBLIC_URL]
    is_secure = public.base(request).startswith("https://")
    answer.set_cookie(
        session_cookie(account),
        token,
        max_age=seconds,
        path=f"{public.path}/{account}/",
        httponly=True,
        secure=is_secure,
        samesite="None" if is_secure else "Lax",
    )
