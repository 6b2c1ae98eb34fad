"""Browser sessions: RS256 tokens that an account's own backend has signed, checked against the public keys it registered."""

import time
from typing import Final

import jwt
from cachetools import TTLCache
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from pydantic import ValidationError

from app.access.grants import Claims, Session
from app.accounts.certificates import Certificate, Certificates

MAX_TOKEN_BYTES: Final = 16_384
LEEWAY_SECONDS: Final = 60  # how far the issuer's clock may be ahead
REMEMBERED: Final = 10_000
RSA_BITS: Final = 2048  # NIST SP 800-131A: less signs nothing any more
FRESH_SECONDS: Final = 5.0  # a withdrawn certificate ends its sessions this late at most


class TokenRefused(Exception):
    """The token is none, has ended, or no registered key has signed it; the message is for the client."""


class Sessions:
    """Reads tokens; the same one within a few seconds from memory."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._known: TTLCache[tuple[str, str], Session] = TTLCache(REMEMBERED, FRESH_SECONDS)

    async def read(self, account: str, token: str) -> Session:
        """The session of a token in this account; raises TokenRefused."""
        session = self._known.get((account, token))
        if session is None:
            if len(token) > MAX_TOKEN_BYTES:
                raise TokenRefused(f"A token has {MAX_TOKEN_BYTES} bytes at most.")
            session = verify(account, token, await self._certificates.list(account))
            self._known[account, token] = session
        if session.expires_seconds <= time.time():
            raise TokenRefused("The token has expired.")
        return session


def verify(account: str, token: str, certificates: list[Certificate]) -> Session:
    """Try the account's keys, or the one the token names; raises TokenRefused."""
    try:
        named = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        raise TokenRefused("This is no JSON Web Token.") from None
    refusal = TokenRefused("No public key registered for this account has signed the token.")
    chosen = [certificate for certificate in certificates if certificate.id == named] or certificates
    for certificate in chosen:
        try:
            claims = jwt.decode(
                token,
                read_public_key(certificate.pem),
                algorithms=["RS256"],
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp"], "verify_aud": False, "verify_exp": False, "verify_sub": False},
            )
            return _session(account, Claims.model_validate(claims))
        except ValidationError:
            raise TokenRefused("The token's claims cannot be read.") from None
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError) as error:
            refusal = TokenRefused(f"The token is refused: {error}.")
    raise refusal


def read_public_key(pem: str) -> RSAPublicKey:
    """An RSA public key, or the key of a certificate; raises ValueError."""
    encoded = pem.strip().encode()
    try:
        key = load_pem_x509_certificate(encoded).public_key() if b"BEGIN CERTIFICATE" in encoded else load_pem_public_key(encoded)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this is no public key in PEM form") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS:
        raise ValueError(f"it must be an RSA public key of {RSA_BITS} bits or more")
    return key


def _session(account: str, claims: Claims) -> Session:
    if claims.account is not None and claims.account != account:
        raise TokenRefused("The token is for another account.")
    tags = claims.access.tag_permissions
    return Session(account, claims.exp, claims.origins, claims.access.path_permissions, None if tags is None else tags.write)
