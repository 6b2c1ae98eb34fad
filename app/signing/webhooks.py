"""Standard Webhooks (standardwebhooks.com, 1.0): the headers by which many receivers verify a POST, with a shared secret. Pure."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

SECRET_PREFIX: Final = "whsec_"


def webhook_headers(secret: str, message_id: str, timestamp_seconds: int, body: bytes) -> Mapping[str, str]:
    """`webhook-id`, `webhook-timestamp` and `webhook-signature` (v1: HMAC-SHA256 of "id.timestamp.body")."""
    signed = f"{message_id}.{timestamp_seconds}.".encode() + body
    mac = hmac.digest(b64decode(secret.removeprefix(SECRET_PREFIX)), signed, sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_seconds),
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
    }


def secret_text(secret: bytes) -> str:
    """A secret as receivers are given it; the standard asks for 24 to 64 bytes."""
    return SECRET_PREFIX + b64encode(secret).decode()
