"""The installation's one secret, and what is made of it: sealed texts at rest, and keys that need not be stored at all."""

import os
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.durable import sync_folder

SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12  # what AES-GCM takes; random, for far fewer than 2^32 texts per purpose


class SealBroken(Exception):
    """The text was sealed with another secret or for another purpose, or has been changed."""


class Sealing:
    """Seals with AES-256-GCM under a key of each purpose's own, derived by HKDF (RFC 5869) from the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"the installation's secret takes {SECRET_BYTES} bytes at least")
        self._secret = secret

    @classmethod
    def from_text(cls, text: str) -> Self:
        """With a secret in base64; raises ValueError."""
        return cls(b64decode(text, validate=True))

    def derive(self, purpose: str) -> bytes:
        """32 bytes that only who has the secret can make, the same at each call."""
        return HKDF(SHA256(), SECRET_BYTES, salt=None, info=purpose.encode()).derive(self._secret)

    def seal(self, purpose: str, plain: str) -> str:
        """A text for the database; the same `purpose` opens it."""
        nonce = os.urandom(_NONCE_BYTES)
        return b64encode(nonce + AESGCM(self.derive(purpose)).encrypt(nonce, plain.encode(), None)).decode()

    def open(self, purpose: str, sealed: str) -> str:
        """What was sealed; raises SealBroken."""
        try:
            stored = b64decode(sealed, validate=True)
            return AESGCM(self.derive(purpose)).decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], None).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a sealed value cannot be opened: is SOUNDPATH_SECRET the one it was sealed with?") from error


def open_sealing(configured: str | None, secret_file: Path) -> Sealing:
    """With the configured secret (base64), else with the one in the file, which the first start makes, readable by its owner alone.

    Raises ValueError for a secret that is none.
    """
    if configured is not None:
        return Sealing.from_text(configured)
    if not secret_file.exists():
        _make_secret(secret_file)
    return Sealing.from_text(secret_file.read_text())


def _make_secret(secret_file: Path) -> None:
    """Written aside and durable before it has its name: what is sealed with a secret that a crash takes away is lost."""
    # A name of its own each time: in a container every start has the same process number, and what a killed one left must not stop it.
    descriptor, aside = mkstemp(prefix=f"{secret_file.name}.", dir=secret_file.parent)  # readable by its owner alone
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b64encode(os.urandom(SECRET_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(aside, secret_file)  # of programs that start at once the first one's stays
    finally:
        os.unlink(aside)
    sync_folder(secret_file.parent)
