"""Table of the keys that this service signs with."""

from sqlalchemy import JSON, BigInteger, Column, String, Table, Text

from storage.db import metadata

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", String(26), primary_key=True),
    # The private key is sealed with the installation's secret: a copy of the database alone signs nothing.
    Column("sealed_private_key", Text, nullable=False),
    Column("public_jwk", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    # No longer signs; published until then, so that what it has signed can still be verified.
    Column("withdrawn_ms", BigInteger),
)
