"""Who is asking, and may he: keys and session tokens from the request's headers, checked against account and permission (CONTRACT 7)."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from yarl import URL

from app.access.grants import Session
from app.access.rights import Rights
from app.access.sessions import TokenRefused
from app.accounts.permissions import KeyKind, Permission
from app.errors import Unauthenticated, Unauthorized
from app.web.keys import API_KEYS, SESSIONS
from app.web.rate_limit import count_key

BASIC_USER: Final = "apikey"

TOKEN_HEADER: Final = "Authorization-Token"

_CALLER: Final = web.RequestKey("caller", object)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. Without a key every field is empty: anonymous callers have the public files and nothing else."""

    account: str | None = None
    kind: KeyKind | None = None
    key_id: str | None = None
    permissions: frozenset[Permission] = frozenset()


ANONYMOUS: Final = Caller()


async def caller(request: web.Request) -> Caller:
    """The caller of a request, looked up once; raises Unauthenticated for a key that we do not know or that has ended."""
    known = request.get(_CALLER)
    if isinstance(known, Caller):
        return known
    text = shown_key(request)
    found = ANONYMOUS if text is None else await _identify(request, text)
    request[_CALLER] = found
    return found


async def require(request: web.Request, account: str, *permissions: Permission) -> Rights:
    """What the request may do in this account, for a call that is about no path: the key has these permissions, whatever a session says.

    Raises Unauthenticated without key and session, Unauthorized for another account's key and for one that lacks a permission.
    """
    rights = await _rights_of(request, account)
    await _demand(request, rights, permissions)
    return rights


async def require_on_paths(request: web.Request, account: str, *permissions: Permission) -> Rights:
    """The same for a call about paths: a browser session's rules may stand for permissions, and the handler demands rights at its paths."""
    rights = await _rights_of(request, account)
    if rights.session is None:
        await _demand(request, rights, permissions)
    return rights


async def _rights_of(request: web.Request, account: str) -> Rights:
    found = await caller(request)
    session = await session_of(request, account)
    if found.account is None and session is None:
        raise Unauthenticated("This needs an API key: Authorization: Bearer <key>.")
    if found.account not in (None, account):
        raise Unauthorized("This key belongs to another account.")
    return Rights(found.permissions, session)


async def _demand(request: web.Request, rights: Rights, permissions: Iterable[Permission]) -> None:
    for permission in permissions:
        if permission not in rights.permissions:
            who = "This key" if (await caller(request)).account is not None else "This session, which came without a key,"
            raise Unauthorized(f"{who} does not have the permission '{permission}'.")


def shown_key(request: web.Request) -> str | None:
    """The key's text from `Authorization: Bearer`, Basic with user `apikey`, or `x-api-key`; None without any.

    Raises Unauthenticated for an Authorization that is neither.
    """
    header = request.headers.get("Authorization")
    if header is None or _bearer_token(request) is not None:
        return request.headers.get("X-Api-Key")
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        return _basic_password(value)
    raise Unauthenticated("Authorization takes 'Bearer <key>', or Basic with the user 'apikey'.")


async def session_of(request: web.Request, account: str, *, with_cookie: bool = False) -> Session | None:
    """The browser session a request belongs to; raises Unauthenticated for a token that does not hold.

    Cookies count only where nothing is changed (`with_cookie`): other sites can make a browser send them.
    """
    token = request.headers.get(TOKEN_HEADER) or _bearer_token(request)
    if token is None and with_cookie:
        token = request.cookies.get(session_cookie(account))
    if token is None:
        return None
    try:
        session = await request.app[SESSIONS].read(account, token)
    except TokenRefused as error:
        raise Unauthenticated(str(error)) from None
    if not session.is_welcome_from(page_origin(request)):
        raise Unauthorized("The session is not for pages of this origin.")
    return session


def session_cookie(account: str) -> str:
    """The cookie's name: several accounts can have sessions in one browser."""
    return f"soundpath-session-{account}"


def _bearer_token(request: web.Request) -> str | None:
    """A session token where a key could be: the client's service worker sends it there."""
    scheme, _, value = request.headers.get("Authorization", "").strip().partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.count(".") == 2 else None


def page_origin(request: web.Request) -> str | None:
    """Scheme, host and port of the page that asks, as browsers tell; None for other programs, 'null' for a page without one."""
    named = request.headers.get("Origin") or request.headers.get("Referer")
    try:
        return None if named is None else str(URL(named).origin())
    except ValueError:
        return "null"


def _basic_password(value: str) -> str:
    try:
        user, _, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except (Base64Error, UnicodeError):
        raise Unauthenticated("The Basic credentials cannot be read.") from None
    if user != BASIC_USER:
        raise Unauthenticated(f"Basic credentials take the user '{BASIC_USER}' and the key as password.")
    return password


async def _identify(request: web.Request, text: str) -> Caller:
    key = await request.app[API_KEYS].find(text)
    if key is None:
        raise Unauthenticated("This API key is not known.")
    if key.is_expired:
        raise Unauthenticated("This API key has expired or was revoked.")
    count_key(request, key.id)
    return Caller(key.account, key.kind, key.id, key.permissions)
