"""May this request read this file? Public folders are for everybody; private ones open to keys, browser sessions and signed URLs."""

import time
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from app.access.grants import Session, allows
from app.access.signed_urls import (
    THIS_URL,
    WHOLE_VARIANT,
    Signature,
    is_signed,
    read_signature,
    sign_target,
    signature_text,
    url_message,
    variant_message,
)
from app.accounts.permissions import Permission
from app.errors import Unauthenticated, Unauthorized
from app.files.folders import FolderTree
from app.web.address import Address
from app.web.auth import caller, session_of, shown_key
from app.web.cors import PRIVATE, Handler
from app.web.delivery import parse_delivery
from app.web.forwarding import forwarded
from app.web.keys import FOLDERS, PUBLIC_URL, SECURE_URL_KEYS
from app.web.links import variant_address
from app.web.target import address_of, raw_target

_GRANT: Final = web.RequestKey("grant", object)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a signed URL hands on to the links of its answer: the same key, until the same time."""

    host: str
    expires: str
    key_id: str
    secret: bytes

    def sign(self, target: str) -> str:
        """The root-relative target, signed for itself."""
        return sign_target(self.host, target, self.expires, self.key_id, self.secret)

    def of_variant(self, address: Address, forwarded: str) -> str:
        """`exp=…&sig=…` for every file of the variant whose origin is asked with `forwarded`."""
        message = variant_message(self.host, variant_address(address, forwarded), self.expires)
        return f"exp={self.expires}&sig={signature_text(WHOLE_VARIANT, self.key_id, self.secret, message)}"


def guarded(handler: Handler) -> Handler:
    """The handler of a CDN route, behind this door."""

    async def answer(request: web.Request) -> web.StreamResponse:
        tree = await request.app[FOLDERS].tree(request.match_info["account"])
        if tree.has_permissions:
            await check_readable(request, address_of(request), raw_target(request))
        return await handler(request)

    return answer


async def check_readable(request: web.Request, address: Address, target: str) -> None:
    """Raise Unauthenticated or Unauthorized unless every original behind the address may be read; marks private answers.

    `target`: what the address was read from, as a signature covers it.
    """
    tree = await request.app[FOLDERS].tree(address.account)
    private = [path for path in originals_of(address) if not _is_public(tree, path, address.api)]
    if not private:
        return
    request[PRIVATE] = True
    if await _is_signed(request, address, target):
        return
    session = await session_of(request, address.account, with_cookie=True)
    if session is not None and all(session.may_download(path, address.api) for path in private):
        return
    await _require_key(request, address.account, session)


def grant_of(request: web.Request) -> Grant | None:
    """What links in the answer to this request carry; None unless a signature has opened it."""
    grant = request.get(_GRANT)
    return grant if isinstance(grant, Grant) else None


async def _require_key(request: web.Request, account: str, session: Session | None) -> None:
    found = await caller(request) if shown_key(request) is not None else None
    if found is not None and found.account == account and Permission.FILES_DOWNLOAD in found.permissions:
        return
    if found is None and session is None:
        raise Unauthenticated("This file is private: it takes a key, a browser session or a signed URL.")
    raise Unauthorized("This file is private, and nothing that came with the request opens it.")


async def _is_signed(request: web.Request, address: Address, target: str) -> bool:
    """False without a signature; raises Unauthorized for one that does not hold."""
    delivery = parse_delivery(address.params)
    if delivery.sig is None:
        return False
    expires = next((value for name, value in reversed(address.params) if name == "exp"), None)
    if expires is None:
        raise Unauthorized("A signed URL takes 'exp'.")
    if delivery.expires_ms is not None and delivery.expires_ms <= time.time() * 1000:
        raise Unauthorized("This signed URL has expired.")
    signature = read_signature(delivery.sig)
    keys = request.app[SECURE_URL_KEYS]
    key = None if signature is None else await keys.find(address.account, signature.key_id)
    if signature is None or key is None or Permission.FILES_DOWNLOAD not in key.permissions:
        raise Unauthorized("The signature names no key that may open this file.")
    grant = Grant(_host(request), expires, key.id, keys.secret(key.id))
    if not is_signed(grant.secret, signature, await _message(request, address, target, grant, signature)):
        raise Unauthorized("The signature does not fit this URL.")
    request[_GRANT] = grant
    return True


async def _message(request: web.Request, address: Address, target: str, grant: Grant, signature: Signature) -> str:
    if signature.version == THIS_URL:
        return url_message(grant.host, target)
    return variant_message(grant.host, variant_address(address, await forwarded(request, address)), grant.expires)


def _host(request: web.Request) -> str:
    """Host, and path of the public URL, as clients see them."""
    return request.app[PUBLIC_URL].base(request).partition("://")[2]


def originals_of(address: Address) -> tuple[str, ...]:
    """Every original that the answer is made from."""
    appended = (value for name, value in address.params if name == "append")
    return (address.path, *(appended if address.api == "audio" else ()))


def _is_public(tree: FolderTree, path: str, slug: str) -> bool:
    return allows(tree.public_downloads(path), slug)
