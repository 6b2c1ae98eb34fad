"""The keys that this service signs with: ES512, rotated without a gap, public halves at /.well-known/jwks.json."""

import time
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from app.signing.sealing import Sealing
from app.signing.tables import signing_keys
from storage.db import Database, now_ms

ALGORITHM: Final = "ES512"
OVERLAP_SECONDS: Final = 24 * 3600
"""So long a key that signs no more is still published: what it has signed may be verified late, from lists kept for an hour."""

FRESH_SECONDS: Final = 5.0
_PURPOSE: Final = "signing key"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now. `id` is the `kid` of what it signs."""

    id: str
    private: ec.EllipticCurvePrivateKey


class SigningKeys:
    """Makes, rotates and publishes signing keys. The newest one signs; the first is made when it is needed."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing
        self._current: tuple[float, SigningKey] | None = None

    async def current(self) -> SigningKey:
        """The key to sign with."""
        if self._current is not None and time.monotonic() - self._current[0] < FRESH_SECONDS:
            return self._current[1]
        newest = _signing().order_by(signing_keys.c.created_ms.desc(), signing_keys.c.id.desc()).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(newest)).one_or_none()
        if row is None:
            async with self._database.write() as connection:
                row = (await connection.execute(newest)).one_or_none() or await self._insert(connection)
        private = serialization.load_pem_private_key(self._sealing.open(_PURPOSE, row.sealed_private_key).encode(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        self._current = time.monotonic(), SigningKey(row.id, private)
        return self._current[1]

    async def rotate(self) -> str:
        """Sign with a new key from now on; returns its id. The others stay published for OVERLAP_SECONDS."""
        async with self._database.write() as connection:
            end = now_ms() + OVERLAP_SECONDS * 1000
            await connection.execute(update(signing_keys).where(signing_keys.c.withdrawn_ms.is_(None)).values(withdrawn_ms=end))
            row = await self._insert(connection)
        self._current = None
        return str(row.id)

    async def published(self) -> list[dict[str, Any]]:
        """Public keys as JWKs (RFC 7517), the newest first."""
        await self.current()
        alive = signing_keys.c.withdrawn_ms.is_(None) | (signing_keys.c.withdrawn_ms > now_ms())
        query = select(signing_keys.c.public_jwk).where(alive).order_by(signing_keys.c.created_ms.desc(), signing_keys.c.id.desc())
        async with self._database.read() as connection:
            return [dict(jwk) for jwk in (await connection.scalars(query)).all()]

    async def _insert(self, connection: AsyncConnection) -> Any:
        private = ec.generate_private_key(ec.SECP521R1())
        pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        key_id = str(ULID())
        jwk = {**ECAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": key_id, "use": "sig", "alg": ALGORITHM}
        row = {"id": key_id, "sealed_private_key": self._sealing.seal(_PURPOSE, pem), "public_jwk": jwk}
        return (await connection.execute(insert(signing_keys).values(**row, created_ms=now_ms()).returning(signing_keys))).one()


def _signing() -> Any:
    return select(signing_keys).where(signing_keys.c.withdrawn_ms.is_(None))
