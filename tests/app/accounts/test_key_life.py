"""The life of keys, as an operator and a team live it: made, shown once, narrowed, rotated without a gap, and ended."""

import asyncio
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest

from tests.app.files.api import call, ok
from tests.service import ACCOUNT, Service, running

LIST = "/folders/list?folderPath=/"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running(tmp_path) as started:
        yield started


async def command(service: Service, *arguments: str, fails: bool = False) -> list[str]:
    """`soundpath …` on the service's data; the lines it wrote."""
    environment = {"SOUNDPATH_DATA_DIR": str(service.data), "PATH": "/usr/bin:/bin"}
    line = [sys.executable, "-m", "app", *arguments]
    done = await asyncio.to_thread(subprocess.run, line, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode != 0) is fails, done.stderr
    return (done.stderr if fails else done.stdout).splitlines()


async def may_list(service: Service, key: str) -> bool:
    """Whether the key opens the account; it is either welcome or unknown."""
    status = (await call(service, "GET", LIST, key=key)).status
    assert status in (200, 401), status
    return status == 200


async def test_a_key_is_shown_three_ways(service: Service) -> None:
    for sent in (
        {"Authorization": f"Bearer {service.secret}"},
        {"Authorization": "Basic " + b64encode(f"apikey:{service.secret}".encode()).decode()},
        {"X_Api_Key": service.secret},
    ):
        assert (await call(service, "GET", LIST, key="", **sent)).status == 200, sent
    assert (await call(service, "GET", LIST, key="")).status == 401


async def test_the_first_start_alone_shows_keys(service: Service, tmp_path: Path) -> None:
    for kind in ("secret", "public"):
        (tmp_path / f"{kind}.key").unlink()
    await service.stop()
    service.secret = service.public = ""
    await service.start()
    assert (service.secret, service.public) == ("", "")


async def test_a_key_is_rotated_without_a_gap_and_revoked_at_once(service: Service) -> None:
    made = await ok(service, "POST", "/keys", {"kind": "secret", "name": "deploy"})
    renewed = await ok(service, "POST", "/keys/rotate", {"keyId": made["keyId"], "overlapSeconds": 3600})
    assert renewed["key"] != made["key"]
    assert [await may_list(service, key) for key in (made["key"], renewed["key"])] == [True, True]
    assert (await call(service, "DELETE", f"/keys?keyId={made['keyId']}")).status == 204
    assert [await may_list(service, key) for key in (made["key"], renewed["key"])] == [False, True]
    at_once = await ok(service, "POST", "/keys/rotate", {"keyId": renewed["keyId"], "overlapSeconds": 0})
    assert [await may_list(service, key) for key in (renewed["key"], at_once["key"])] == [False, True]
    listed = {key["keyId"]: key for key in (await ok(service, "GET", "/keys"))["items"]}
    assert {made["keyId"], renewed["keyId"], at_once["keyId"]} <= listed.keys()
    assert not [key for key in (made, renewed, at_once) if key["key"] in str(listed)]


async def test_the_command_line_does_the_same(service: Service) -> None:
    (key,) = await command(service, "keys", "create", "--account", ACCOUNT, "--kind", "secret")
    assert await may_list(service, key)
    listed = await command(service, "keys", "list", "--account", ACCOUNT)
    key_id = listed[-1].split()[0]
    (renewed,) = await command(service, "keys", "rotate", key_id, "--account", ACCOUNT, "--overlap-seconds", "0")
    assert [await may_list(service, shown) for shown in (key, renewed)] == [False, True]
    renewed_id = (await command(service, "keys", "list", "--account", ACCOUNT))[-1].split()[0]
    await command(service, "keys", "revoke", renewed_id, "--account", ACCOUNT)
    assert not await may_list(service, renewed)
    assert "no key" in "\n".join(await command(service, "keys", "rotate", key_id, "--account", ACCOUNT, fails=True))


async def test_a_key_without_a_day_to_live_is_refused_and_not_made_for_ever(service: Service) -> None:
    for days in ("0", "-1"):
        said = await command(service, "keys", "create", "--kind", "secret", f"--days={days}", fails=True)
        assert "--days takes 1 or more" in said[-1]
    await command(service, "keys", "create", "--kind", "secret", "--name", "short", "--days", "1")
    assert "until 20" in (await command(service, "keys", "list"))[-1]


async def test_accounts_are_made_with_their_first_keys(service: Service) -> None:
    account, secret, public = await command(service, "accounts", "create")
    assert [secret.startswith(f"secret_{account}"), public.startswith(f"public_{account}")] == [True, True]
    theirs = f"{service.url}/v2/accounts/{account}{LIST}"
    assert (await call(service, "GET", theirs, key=secret)).status == 200
    assert (await call(service, "GET", theirs)).status in (401, 403), "our own key opens no other account"
    assert account in "\n".join(await command(service, "accounts", "list"))


async def test_signing_keys_rotate_without_a_gap(service: Service) -> None:
    """What the old key has signed can still be verified; new signatures are the new key's, which comes first."""
    before = (await service.get("/.well-known/jwks.json")).json()["keys"]
    (new_id,) = await command(service, "keys", "rotate-signing")
    async with asyncio.timeout(30):
        while (after := (await service.get("/.well-known/jwks.json")).json()["keys"])[0]["kid"] != new_id:  # noqa: ASYNC110 (another process rotates)
            await asyncio.sleep(0.1)
    assert [key["kid"] for key in after] == [new_id, before[0]["kid"]]
    assert all(jwt.PyJWK(key).key_type == "EC" for key in after)
    assert not [key for key in after if "d" in key], "public halves alone"
