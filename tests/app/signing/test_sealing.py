"""What a stolen database holds, and what its thief cannot do with it."""

import base64
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from app.signing.sealing import SECRET_BYTES, SealBroken, Sealing, open_sealing
from tests.app.files.api import ok
from tests.service import ACCOUNT, running

PLAIN = "the bucket's secret key"


def test_sealed_texts_open_with_the_secret_and_the_purpose_alone() -> None:
    sealing = Sealing(b"a" * SECRET_BYTES)
    sealed = sealing.seal("layer", PLAIN)
    assert sealing.open("layer", sealed) == PLAIN
    with pytest.raises(SealBroken, match="SOUNDPATH_SECRET"):
        sealing.open("signing key", sealed)
    with pytest.raises(SealBroken):
        Sealing(b"b" * SECRET_BYTES).open("layer", sealed)


def test_a_changed_text_does_not_open() -> None:
    sealing = Sealing(b"a" * SECRET_BYTES)
    stored = bytearray(base64.b64decode(sealing.seal("layer", PLAIN)))
    for place in range(len(stored)):
        stored[place] ^= 1
        with pytest.raises(SealBroken):
            sealing.open("layer", base64.b64encode(stored).decode())
        stored[place] ^= 1
    assert sealing.open("layer", base64.b64encode(stored).decode()) == PLAIN


def test_equal_texts_are_sealed_differently() -> None:
    sealing = Sealing(b"a" * SECRET_BYTES)
    assert len({sealing.seal("layer", PLAIN) for _ in range(100)}) == 100


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match=str(SECRET_BYTES)):
        Sealing(b"a" * (SECRET_BYTES - 1))


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    sealed = open_sealing(None, file).seal("layer", PLAIN)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert open_sealing(None, file).open("layer", sealed) == PLAIN
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_killed_start_left_aside_stops_no_later_one(tmp_path: Path) -> None:
    """In a container both have the same process number."""
    left = tmp_path / f"secret.{os.getpid()}"
    left.write_bytes(b"half")
    sealed = open_sealing(None, tmp_path / "secret").seal("layer", PLAIN)
    assert open_sealing(None, tmp_path / "secret").open("layer", sealed) == PLAIN
    assert set(tmp_path.iterdir()) == {tmp_path / "secret", left}


async def test_a_stolen_database_holds_no_key_and_no_credentials(tmp_path: Path) -> None:
    layer = {
        "type": "GenericS3",
        "bucket": {
            "bucketName": "recordings",
            "bucketRegion": "us-east-1",
            "bucketEndpoint": "https://s3.example.com",
            "objectKeyPrefix": "",
            "forcePathStyle": True,
            "unsupportedOperations": [],
        },
        "credentials": {"accessKey": "AKIAEXAMPLE", "secretKey": PLAIN},
    }
    settings = {"storageLayer": {"set": True, "value": layer}}
    async with running(tmp_path) as service:
        await ok(service, "PUT", "/folders", {"folderPath": "/cloud", "folderSettings": settings})
        keys = (service.secret, service.public)
        assert (await service.get("/.well-known/jwks.json")).json()["keys"], "a signing key has been made"
    with sqlite3.connect(tmp_path / "soundpath.db") as database:
        stolen = "\n".join(database.iterdump())
    assert "recordings" in stolen, "the folder's settings are there"
    assert ACCOUNT in stolen
    for secret in (*keys, *(key.partition(ACCOUNT)[2] for key in keys), PLAIN, "PRIVATE KEY"):
        assert secret not in stolen
