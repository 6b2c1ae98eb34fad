"""API keys and session certificates on the wire."""

from typing import Annotated

from pydantic import Field

from app.accounts.permissions import KeyKind, Permission
from app.web.api.shapes.wire_model import Answered, Asked, EpochMs

Name = Annotated[str | None, Field(max_length=100)]
Id = Annotated[str, Field(min_length=1, max_length=26)]

MAX_OVERLAP_SECONDS = 30 * 86_400


class CreateKey(Asked):
    """What the key may do. `scopes`: all its kind can have unless named; `expires`: never unless named."""

    kind: KeyKind
    name: Name = None
    scopes: Annotated[list[str] | None, Field(max_length=50)] = None
    expires: EpochMs | None = None


class Key(Answered):
    """A key, without the key. `lastUsed` is right to a minute."""

    key_id: str
    kind: KeyKind
    name: str | None
    scopes: list[Permission]
    created: EpochMs
    expires: EpochMs | None
    last_used: EpochMs | None


class ShownKey(Key):
    """A new key: `key` is shown this once. `secureUrlKey` (base64) signs URLs in its name."""

    key: str
    secure_url_key: str


class KeyList(Answered):
    """Keys, oldest first."""

    items: list[Key]


class KeyQuery(Asked):
    """Which key."""

    key_id: Id


class RotateKey(Asked):
    """Which key, and for how long the old one is good still."""

    key_id: Id
    overlap_seconds: Annotated[int, Field(ge=0, le=MAX_OVERLAP_SECONDS)] = 86_400


class NewCertificate(Asked):
    """An RSA public key, or a certificate, in PEM."""

    pem: Annotated[str, Field(min_length=1, max_length=10_000)]
    name: Name = None


class Certificate(Answered):
    """A registered public key; its id may be a token's `kid`."""

    certificate_id: str
    name: str | None
    pem: str
    created: EpochMs


class CertificateList(Answered):
    """Public keys, oldest first."""

    items: list[Certificate]


class CertificateQuery(Asked):
    """Which one."""

    certificate_id: Id
