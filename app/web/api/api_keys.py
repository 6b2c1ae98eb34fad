"""API keys and session certificates by API: …/keys, …/session_certificates."""

from typing import Any, Final

from app.access.sessions import read_public_key
from app.accounts.certificates import Certificate as Registered
from app.accounts.keys import ApiKey, NewKey
from app.accounts.permissions import ALLOWED, Permission, read_scopes
from app.errors import Conflict, InvalidField, RouteNotFound, Unauthorized
from app.web.api.endpoint import Call, Endpoint
from app.web.api.shapes.keys import (
    Certificate,
    CertificateList,
    CertificateQuery,
    CreateKey,
    Key,
    KeyList,
    KeyQuery,
    NewCertificate,
    RotateKey,
    ShownKey,
)
from app.web.keys import API_KEYS, CERTIFICATES, SECURE_URL_KEYS


async def create_key(call: Call) -> ShownKey:
    """POST …/keys: the only answer that shows the key."""
    asked: CreateKey = call.body
    try:
        scopes = read_scopes(asked.kind, asked.scopes)
    except ValueError as error:
        raise InvalidField("body.scopes", str(asked.scopes), f"{error}.") from None
    _refuse_more(call, ALLOWED[asked.kind] if scopes is None else scopes)
    new = NewKey(call.account, asked.kind, asked.name, scopes, asked.expires)
    return _shown(call, *await call.request.app[API_KEYS].create_from(new))


async def list_keys(call: Call) -> KeyList:
    """GET …/keys: what is known of them, not the keys."""
    return KeyList(items=[Key(**_facts(key)) for key in await call.request.app[API_KEYS].list(call.account)])


async def rotate_key(call: Call) -> ShownKey:
    """POST …/keys/rotate: a new key with the old one's permissions."""
    keys = call.request.app[API_KEYS]
    old = await keys.get(call.account, call.body.key_id)
    if old is None or old.is_expired:
        raise RouteNotFound(f"The account has no key '{call.body.key_id}' that could be rotated.")
    _refuse_more(call, old.permissions)
    made = await keys.rotate(call.account, old.id, call.body.overlap_seconds)
    if made is None:
        raise Conflict("The key ended just now.")
    return _shown(call, *made)


async def revoke_key(call: Call) -> None:
    """DELETE …/keys?keyId=…"""
    if not await call.request.app[API_KEYS].revoke(call.account, call.query.key_id):
        raise RouteNotFound(f"The account has no key '{call.query.key_id}'.")


async def add_certificate(call: Call) -> Certificate:
    """POST …/session_certificates."""
    try:
        read_public_key(call.body.pem)
    except ValueError as error:
        raise InvalidField("body.pem", call.body.pem[:100], f"{error}.") from None
    try:
        return _certificate(await call.request.app[CERTIFICATES].add(call.account, call.body.pem, call.body.name))
    except ValueError as error:
        raise Conflict(f"{error}.") from None


async def list_certificates(call: Call) -> CertificateList:
    """GET …/session_certificates."""
    return CertificateList(items=[_certificate(each) for each in await call.request.app[CERTIFICATES].list(call.account)])


async def withdraw_certificate(call: Call) -> None:
    """DELETE …/session_certificates?certificateId=…"""
    if not await call.request.app[CERTIFICATES].withdraw(call.account, call.query.certificate_id):
        raise RouteNotFound(f"The account has no session certificate '{call.query.certificate_id}'.")


def _refuse_more(call: Call, wanted: frozenset[Permission]) -> None:
    """Nobody hands out what he does not have."""
    if more := wanted - call.rights.permissions:
        raise Unauthorized(f"This key cannot make one that may do more than itself: {', '.join(sorted(more))}.")


def _facts(key: ApiKey) -> dict[str, Any]:
    return {
        "key_id": key.id,
        "kind": key.kind,
        "name": key.name,
        "scopes": sorted(key.permissions),
        "created": key.created_ms,
        "expires": key.expires_ms,
        "last_used": key.last_used_ms,
    }


def _shown(call: Call, key: ApiKey, text: str) -> ShownKey:
    return ShownKey(key=text, secure_url_key=call.request.app[SECURE_URL_KEYS].shown(key.id), **_facts(key))


def _certificate(registered: Registered) -> Certificate:
    return Certificate(certificate_id=registered.id, name=registered.name, pem=registered.pem, created=registered.created_ms)


ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/keys",
        "CreateKey",
        "Make an API key; it is shown this once.",
        Permission.KEYS,
        create_key,
        body=CreateKey,
        answer=ShownKey,
    ),
    Endpoint("GET", "/keys", "ListKeys", "The account's keys, those that have ended too.", Permission.KEYS, list_keys, answer=KeyList),
    Endpoint(
        "POST",
        "/keys/rotate",
        "RotateKey",
        "Replace a key; both are good for a while.",
        Permission.KEYS,
        rotate_key,
        body=RotateKey,
        answer=ShownKey,
    ),
    Endpoint("DELETE", "/keys", "RevokeKey", "End a key now.", Permission.KEYS, revoke_key, query=KeyQuery),
    Endpoint(
        "POST",
        "/session_certificates",
        "CreateSessionCertificate",
        "Register a public key whose tokens begin browser sessions.",
        Permission.KEYS,
        add_certificate,
        body=NewCertificate,
        answer=Certificate,
    ),
    Endpoint(
        "GET",
        "/session_certificates",
        "ListSessionCertificates",
        "The registered public keys.",
        Permission.KEYS,
        list_certificates,
        answer=CertificateList,
    ),
    Endpoint(
        "DELETE",
        "/session_certificates",
        "DeleteSessionCertificate",
        "End every session that was signed with a key.",
        Permission.KEYS,
        withdraw_certificate,
        query=CertificateQuery,
    ),
)
