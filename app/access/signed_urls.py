"""Signed URLs: `exp` and `sig` let whoever has the URL read a private file (CONTRACT 9). Pure: text in, text out.

`sig` is `1.<keyId>.<base64url HMAC-SHA256>` of the URL without scheme and `sig`, as the client wrote it. Lists of a signed variant
carry `2.<keyId>.…` in their links: ours, the same for each of the variant's files, over what the variant is and not over `a`.
The HMAC's secret is the key's own "secure URL key".
"""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

THIS_URL: Final = "1"
WHOLE_VARIANT: Final = "2"

_SIG: Final = re.compile(r"([12])\.([0-9A-Za-z]{1,40})\.([A-Za-z0-9_-]{43})=?")
_SEPARATOR: Final = re.compile("([!?])")


@dataclass(frozen=True, slots=True)
class Signature:
    """A `sig` taken apart."""

    version: str
    key_id: str
    mac: str


def read_signature(text: str) -> Signature | None:
    """The parts of a `sig`, or None when it is none."""
    found = _SIG.fullmatch(text)
    return None if found is None else Signature(found[1], found[2], found[3])


def url_message(host: str, raw_target: str) -> str:
    """What version 1 signs: host and target as written, without the `sig` pair."""
    path, separator, params = (*_SEPARATOR.split(raw_target, maxsplit=1), "", "")[:3]
    left = [pair for pair in params.split("&") if not pair.startswith("sig=")]
    return host + path + (separator + "&".join(left) if any(left) else "")


def variant_message(host: str, variant: str, expires: str) -> str:
    """What version 2 signs. `variant`: root-relative address with the transformation, without `a`; the newline stands in no URL."""
    return f"variant\n{host}{variant}\n{expires}"


def mac_of(secret: bytes, message: str) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(hmac.digest(secret, message.encode(), sha256)).decode().rstrip("=")


def is_signed(secret: bytes, signature: Signature, message: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(mac_of(secret, message), signature.mac)


def signature_text(version: str, key_id: str, secret: bytes, message: str) -> str:
    """A `sig`."""
    return f"{version}.{key_id}.{mac_of(secret, message)}"


def sign_target(host: str, target: str, expires: str, key_id: str, secret: bytes) -> str:
    """The target with `exp` and a version 1 `sig` at its end."""
    joint = "&" if _SEPARATOR.search(target) else "?"
    timed = f"{target}{joint}exp={expires}"
    return f"{timed}&sig={signature_text(THIS_URL, key_id, secret, url_message(host, timed))}"
