"""The upload widget and AuthManager in Chromium, driven by browser.mjs."""

import os
import shutil
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests import tones
from tests.app.files.api import ok, upload
from tests.sdk.node import REQUIRE, run_node
from tests.service import ACCOUNT, Service

pytestmark = pytest.mark.asyncio(loop_scope="package")


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        (pytest.fail if os.environ.get(REQUIRE) == "1" else pytest.skip)("this needs chromium")
    assert found is not None
    return found


async def token(service: Service) -> str:
    """A session's token, as the customer's own backend would sign it."""
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    await ok(service, "POST", "/session_certificates", {"name": "test", "pem": public})
    rule = {"match": {"path": "/hidden", "scope": "Children"}, "permissions": {"read": {"file": {"downloadFile": ["*"]}}}}
    claims = {"accountId": ACCOUNT, "exp": int(time.time()) + 600, "access": {"pathPermissions": [rule]}}
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return jwt.encode(claims, private, "RS256")


async def test_the_widget_uploads_what_plays_and_sessions_open_private_files(service: Service, tmp_path: Path) -> None:
    tones.write(tmp_path / "chosen.mp3", tones.chirp(3, 48_000), 48_000)
    hidden = {"folderPath": "/hidden", "folderSettings": {"publicPermissions": {"set": True, "value": []}}}
    await ok(service, "PUT", "/folders", hidden)
    await upload(service, "/hidden/note.txt", b"for your eyes")
    seen = await run_node(
        "browser.mjs",
        service,
        chromium=chromium(),
        file=str(tmp_path / "chosen.mp3"),
        jwt=await token(service),
        privatePath="/hidden/note.txt",
    )
    (chosen,) = seen["widget"]
    assert chosen["filePath"].endswith("-chosen.mp3")
    assert chosen["etag"]
    assert (await service.get(chosen["fileUrl"].removeprefix(service.url))).body == (tmp_path / "chosen.mp3").read_bytes()
    assert 2.9 < seen["played"]["seconds"] < 3.2
    assert seen["played"]["at"] > 0.2
    session = seen["session"]
    assert (session["active"], session["ready"], session["during"]) == (True, True, "for your eyes")
    assert session["before"] != "for your eyes" != session["after"]
    assert session["uploaded"]["size"] == len("from a page")
    assert (seen["errors"], seen["hosts"]) == ([], [service.url])
