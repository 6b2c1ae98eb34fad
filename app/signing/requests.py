"""`X-Soundpath-Request-Verification`: by this ES512 token whoever is asked knows that we are asking, and for which account and job."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from typing import Final

import jwt
from ulid import ULID

from app.signing.keys import ALGORITHM, SigningKey, SigningKeys
from storage.fetch.fetcher import Sign

HEADER: Final = "X-Soundpath-Request-Verification"
LIFETIME_SECONDS: Final = 300


_WORKED: Final[ContextVar[str | None]] = ContextVar("worked_job", default=None)


@contextmanager
def for_job(job_id: str) -> Iterator[None]:
    """What is fetched meanwhile, in tasks that begin here too, is fetched for this job, and its signature says so."""
    token = _WORKED.set(job_id)
    try:
        yield
    finally:
        _WORKED.reset(token)


class RequestSigner:
    """Signs requests that we make."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    async def sign(self, account: str, job_id: str | None = None, body: bytes | None = None) -> Sign:
        """What signs each hop of a fetch for the account; with a `body`, its SHA-256 too."""
        key = await self._keys.current()
        claims = {"account": account, "job": job_id or _WORKED.get()}

        def headers(url: str) -> Mapping[str, str]:
            return {HEADER: verification_token(key, url, claims, body)}

        return headers


def verification_token(key: SigningKey, url: str, claims: Mapping[str, str | None], body: bytes | None) -> str:
    """The token: `kid` in its header; account, job, url, iat, exp, jti, and `sha256` of the body where there is one."""
    now = int(time.time())
    payload: dict[str, object] = {
        **{name: value for name, value in claims.items() if value is not None},
        "url": url,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": str(ULID()),
    }
    if body is not None:
        payload["sha256"] = sha256(body).hexdigest()
    return jwt.encode(payload, key.private, ALGORITHM, headers={"kid": key.id})
