"""Private folders over HTTP: who reads what, by key, signed URL, browser session and cookie; and that nothing of it is cached."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.access.secure_urls import SecureUrlKeys
from app.access.signed_urls import sign_target
from app.accounts.certificates import Certificates
from app.accounts.keys import ApiKeys
from app.files.folders import Folders
from app.signing.sealing import Sealing, open_sealing
from storage.db import Database
from tests import tones
from tests.service import ACCOUNT, POLL_SECONDS, Answer, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY: list[dict[str, Any]] = []
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    library = tmp_path_factory.mktemp("library")
    for path in ("open.wav", "private/one.wav", "private/deep/two.wav", "rawless/three.wav", "other/three.wav"):
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        tones.write(library / path, tones.chirp(6, 44_100), 44_100)
    async with Service(tmp_path_factory.mktemp("data"), library) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def settings(service: Service) -> AsyncIterator["Operator"]:
    operator = Operator(service)
    for folder, slugs in (("/private", []), ("/other", []), ("/rawless", ["audio"])):
        grants = [{"scope": scope, "permissions": {"file": {"downloadFile": slugs}}} for scope in ("Children", "Grandchildren+")]
        await Folders(operator.database, operator.sealing).put(ACCOUNT, folder, {"public_permissions": grants})
    yield operator
    await operator.database.close()


class Operator:
    """Works on the running service's database, as another process of the installation does."""

    def __init__(self, service: Service) -> None:
        self.database = Database(f"sqlite+aiosqlite:///{service.data / 'soundpath.db'}")
        self.sealing: Sealing = open_sealing(None, service.data / "secret")
        self.keys = ApiKeys(self.database)
        self.host = service.url.removeprefix("http://")

    async def sign(self, target: str, expires: str = "inf", key: str | None = None) -> str:
        key_id = key or (await self.keys.list(ACCOUNT))[0].id
        return sign_target(self.host, target, expires, key_id, SecureUrlKeys(self.keys, self.sealing).secret(key_id))


def at(path: str, query: str = "", api: str = "raw") -> str:
    return f"/{ACCOUNT}/{api}{path}{query}"


def code(answer: Answer) -> tuple[int, str | None]:
    return answer.status, None if answer.status < 400 else json.loads(answer.body)["error"]["code"]


PRIVATE = [
    at("/private/one.wav"),
    at("/private/deep/two.wav"),
    at("/private/one.wav", "?f=mp3", "audio"),
    at("/private/one.wav", "!f=mp3&a=/audio.mp3", "audio"),
    at("/private/one.wav", "?f=meta", "audio"),
    at("/private/one.wav", "?f=meta&a=/cover.jpg", "audio"),
    at("/private/one.wav", "?f=hls-aac-rt", "audio"),
    at("/private/one.wav", "?f=html-aac", "audio"),
    at("/private/one.wav", "", "audio"),
    at("/open.wav", "?f=mp3&append=/private/one.wav", "audio"),
    at("/open.wav", "?f=mp3&append=/open.wav&append=%2Fprivate%2Fone.wav", "audio"),
    at("/rawless/three.wav"),
    at("/private/none.wav"),
    at("/%70rivate/one.wav"),
]


@pytest.mark.parametrize("target", PRIVATE)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_private_files_need_a_key_that_may(service: Service, settings: Operator, target: str, method: str) -> None:
    for headers, expected in (
        ({}, 401),
        ({"Authorization": f"Bearer {service.public}"}, 403),
        ({"Authorization": "Bearer secret_" + "1" * 31}, 401),
        ({"X-Soundpath-Dry-Run": "1"}, 401),
    ):
        answer = await service.get(target, method, **headers)
        assert answer.status == expected, (headers, answer.body)
        assert answer.headers["cache-control"] == "private, no-store"
    _, other = await settings.keys.create("A142hJk", (await settings.keys.list(ACCOUNT))[0].kind)
    assert (await service.get(target, method, Authorization=f"Bearer {other}")).status == 403


async def test_a_secret_key_opens_them_and_no_cache_keeps_them(service: Service) -> None:
    basic = base64.b64encode(f"apikey:{service.secret}".encode()).decode()
    for headers in ({"Authorization": f"Bearer {service.secret}"}, {"Authorization": f"Basic {basic}"}, {"X-Api-Key": service.secret}):
        answer = await service.get(at("/private/one.wav"), **headers)
        assert (answer.status, answer.headers["cache-control"]) == (200, "private, no-store")
        job = await service.get(at("/private/one.wav", "?f=mp3&version=1", "audio"), **headers)
        assert (job.status, job.headers["cache-control"]) == (200, "private, no-store")


async def test_public_files_stay_public(service: Service) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Digest x"}):
        answer = await service.get(at("/open.wav"), **headers)
        assert (answer.status, answer.headers["cache-control"]) == (200, "public, max-age=3600")
    assert (await service.get(at("/rawless/three.wav", "?f=meta", "audio"))).status == 200


async def test_oembed_tells_nothing_of_private_files(service: Service, settings: Operator) -> None:
    for path, status in (("/open.wav", 200), ("/private/one.wav", 401)):
        page = service.url + at(path, "?f=html-aac", "audio")
        assert (await service.get(f"/oembed?url={page.replace('?', '%3F')}")).status == status
    signed = service.url + await settings.sign(at("/private/one.wav", "?f=html-aac", "audio"))
    answer = await service.get(f"/oembed?url={signed.replace('?', '%3F').replace('&', '%26')}")
    assert (answer.status, answer.headers["cache-control"]) == (200, "private, no-store")


async def test_a_public_playlist_makes_no_private_file_public(service: Service) -> None:
    assert service.library is not None
    for name, piece in (("open", "/open.wav"), ("sly", "/private/one.wav")):
        (service.library / f"{name}.m3u8").write_text(f"#EXTM3U\n#EXTINF:6,\n{piece}\n#EXT-X-ENDLIST\n")
    assert (await service.get(at("/sly.m3u8", "?f=html-aac", "audio"))).status == 422
    job = await service.finished(at("/sly.m3u8", "?f=wav", "audio"))
    assert (job["status"], job["error"]["code"]) == ("Failed", "unsupported_input")
    assert "private" not in job["error"]["message"]
    assert (await service.finished(at("/open.m3u8", "?f=wav", "audio")))["status"] == "Succeeded"
    for query in ("?f=meta", "?f=meta&a=/cover"):
        assert code(await service.get(at("/sly.m3u8", query, "audio"))) == (422, "unsupported_input"), query
    missing = await service.get(at("/sly.m3u8", "?f=meta", "audio"))
    (service.library / "sly.m3u8").write_text("#EXTM3U\n#EXTINF:6,\n/private/none.wav\n#EXT-X-ENDLIST\n")
    assert (await service.get(at("/sly.m3u8", "?f=meta", "audio"))).body == missing.body, "not even that there is such a file"


async def test_a_private_playlist_speaks_of_its_own_folder(service: Service) -> None:
    """Whoever may write and read one folder hears nothing of another one through a list of his own."""
    assert service.library is not None
    secret = {"Authorization": f"Bearer {service.secret}"}
    for name, piece, status in (
        ("own", "/private/one.wav", 200),
        ("deeper", "/private/deep/two.wav", 200),
        ("public", "/open.wav", 200),
        ("foreign", "/other/three.wav", 422),
    ):
        (service.library / "private" / f"{name}.m3u8").write_text(f"#EXTM3U\n#EXTINF:6,\n{piece}\n#EXT-X-ENDLIST\n")
        answer = await service.get(at(f"/private/{name}.m3u8", "?f=meta", "audio"), **secret)
        assert answer.status == status, (name, answer.body)


async def test_signed_urls(service: Service, settings: Operator) -> None:
    later = int(time.time()) + 60
    for expires in ("inf", str(later), str(later * 1000)):
        for target in (at("/private/one.wav"), at("/private/one.wav", "?download=true"), at("/private/one.wav", "!f=meta", "audio")):
            signed = await settings.sign(target, expires)
            answer = await service.get(signed)
            assert (answer.status, answer.headers["cache-control"]) == (200, "private, no-store"), signed


async def test_signatures_that_do_not_hold(service: Service, settings: Operator) -> None:
    target = at("/private/one.wav", "?download=true")
    good = await settings.sign(target, str(int(time.time()) + 60))
    public_id = (await settings.keys.list(ACCOUNT))[1].id
    bad = {
        "another file": good.replace("one.wav", "deep/two.wav"),
        "another parameter": good.replace("download=true", "download=false"),
        "one more parameter": good.replace("&exp", "&x=1&exp"),
        "after the signature": good + "&f=mp3",
        "another time": good.replace("&exp=1", "&exp=2"),
        "no time": good.replace("&exp", "&nexp"),
        "for ever": good.partition("&exp")[0] + "&exp=inf&sig=" + good.partition("&sig=")[2],
        "the other separator": good.replace("?", "!", 1),
        "another form of the path": good.replace("/private/", "/%70rivate/"),
        "no signature": good.partition("&sig")[0] + "&sig=",
        "half of one": good[:-5],
        "another key": await settings.sign(target, key=public_id),
        "no key": await settings.sign(target, key="01" * 13),
        "our own kind, forged": good.replace("sig=1.", "sig=2."),
        "expired": await settings.sign(target, "1000000000"),
        "expired in ms": await settings.sign(target, "1000000000000"),
    }
    for what, url in bad.items():
        assert code(await service.get(url)) in [(403, "unauthorized")], what
    assert (await service.get(good)).status == 200
    assert (await service.get(good, Host="elsewhere.example")).status == 403


async def test_a_revoked_key_ends_its_urls(service: Service, settings: Operator) -> None:
    key, _ = await settings.keys.create(ACCOUNT, (await settings.keys.list(ACCOUNT))[0].kind)
    url = await settings.sign(at("/private/one.wav"), key=key.id)
    assert (await service.get(url)).status == 200
    await settings.keys.revoke(ACCOUNT, key.id)
    deadline = time.monotonic() + 20
    while (await service.get(url)).status != 403:
        assert time.monotonic() < deadline
        await asyncio.sleep(POLL_SECONDS)


@pytest.mark.parametrize(
    "form", ["?f=hls-aac-rt&br=64&br=96", "!f=hls-aac-rt&br=64", "?f=hls-aac-rt&playlist=event", "!f=hls-aac-rt&a=/0f/manifest.m3u8"]
)
async def test_everything_behind_a_signed_list_can_be_played_and_nothing_else(service: Service, settings: Operator, form: str) -> None:
    expires = str(int(time.time()) + 300)
    seen = 0
    todo = [await settings.sign(at("/private/one.wav", form, "audio"), expires)]
    if "a=/0f" not in form:
        assert (await service.get(at("/private/one.wav", form, "audio"))).status == 401
    while todo:
        url = todo.pop()
        answer = await service.get(url)
        assert answer.status == 200, (url, answer.body)
        assert answer.headers["cache-control"] == "private, no-store"
        seen += 1
        if "mpegurl" in answer.headers["content-type"]:
            listed = [line for line in answer.body.decode().splitlines() if line and not line.startswith("#")]
            todo += [urljoin(service.url + url, line).removeprefix(service.url) for line in listed]
            assert all(f"exp={expires}" in link for link in todo)
    assert seen >= 4
    link = url
    assert "sig=2." in link
    for forged in (
        link.replace("one.wav", "deep/two.wav"),
        link.replace("hls-aac-rt", "hls-aac"),
        link.replace(f"exp={expires}", "exp=inf"),
    ):
        assert (await service.get(forged)).status == 403


async def test_the_page_of_a_signed_url_plays(service: Service, settings: Operator) -> None:
    page = await service.get(await settings.sign(at("/private/one.wav", "?f=html-aac", "audio")))
    assert page.status == 200
    text = page.body.decode().replace("&amp;", "&").replace("&#38;", "&")
    start = text.index(f"/{ACCOUNT}/audio/private/one.wav?f=hls-aac-rt") if f"/{ACCOUNT}/audio/private/one.wav?f=hls-aac-rt" in text else -1
    if start < 0:
        start = text.index(f"/{ACCOUNT}/audio/private/one.wav!f=hls-aac-rt")
    link = text[start:].partition('"')[0]
    assert (await service.get(link)).status == 200, link


def token(**claims: Any) -> str:
    rule = {
        "match": {"path": "/private", "scope": "Children"},
        "permissions": {"read": {"file": {"downloadFile": ["*"], "getFileDetails": True}}},
    }
    payload = {"sub": "somebody", "iat": int(time.time()), "exp": int(time.time()) + 300, "access": {"pathPermissions": [rule]}}
    key = claims.pop("key", RSA_KEY)
    algorithm = claims.pop("algorithm", "RS256")
    return jwt.encode(payload | claims, key, algorithm)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def certificate(settings: Operator) -> str:
    return (await Certificates(settings.database).add(ACCOUNT, pem(RSA_KEY))).id


async def put_token(service: Service, text: str, cookie: bool = False, **headers: str) -> Answer:
    target = f"/api/v1/access_tokens/{ACCOUNT}?set-cookie={'true' if cookie else 'false'}"
    return await service.send(target, "PUT", json.dumps({"accessToken": text}).encode(), Content_Type="application/json", **headers)


async def test_a_browser_session(service: Service, certificate: str) -> None:
    begun = await put_token(service, token(), cookie=True, Origin="https://app.example")
    assert begun.status == 200, begun.body
    assert begun.headers["access-control-allow-origin"] == "https://app.example"
    assert begun.headers["access-control-allow-credentials"] == "true"
    answer = begun.json()
    assert 290 <= answer["ttlSeconds"] <= 300
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert f"Path=/{ACCOUNT}/" in cookie
    for headers in (
        {"Authorization-Token": answer["accessToken"]},
        {"Authorization-Token": answer["accessToken"], "Authorization": f"Bearer {service.public}"},
        {"Authorization": f"Bearer {token(accountId=ACCOUNT)}"},
        {"Cookie": cookie.partition(";")[0]},
    ):
        own = await service.get(at("/private/one.wav"), **headers)
        assert (own.status, own.headers["cache-control"]) == (200, "private, no-store"), headers
        assert (await service.get(at("/private/deep/two.wav"), **headers)).status == 403
        assert (await service.get(at("/rawless/three.wav"), **headers)).status == 403
    ended = await service.get(f"/api/v1/access_tokens/{ACCOUNT}?set-cookie=true", "DELETE")
    assert ended.status == 204
    assert "Max-Age=0" in ended.headers["set-cookie"]


async def test_tokens_that_do_not_hold(service: Service, certificate: str) -> None:
    unsigned = jwt.encode({"exp": int(time.time()) + 300}, "", algorithm="none")
    public_as_secret = jwt.encode({"exp": int(time.time()) + 300}, "x" * 64, algorithm="HS512")
    bad = {
        "nonsense": "nonsense", "three parts": "a.b.c", "unsigned": unsigned, "HMAC": public_as_secret,
        "another's": token(key=OTHER_RSA_KEY), "expired": token(exp=int(time.time()) - 1), "another account": token(accountId="A142hJk"),
        "another hash": token(algorithm="RS512"), "no end": token(exp=None), "not yet": token(nbf=int(time.time()) + 3600),
        "odd claims": token(access={"pathPermissions": [{"match": {"path": "x", "scope": "All"}}]}),
    }  # fmt: skip
    for what, text in bad.items():
        assert code(await put_token(service, text)) == (401, "unauthenticated"), what
        assert (await service.get(at("/private/one.wav"), Authorization_Token=text)).status == 401, what
    for body in (b"", b"[]", b"{}", b'{"accessToken": 1}', b'{"accessToken": ""}', b"\xff"):
        answer = await service.send(f"/api/v1/access_tokens/{ACCOUNT}", "PUT", body)
        assert code(answer) == (400, "invalid_request"), body
    assert (await service.send("/api/v1/access_tokens/x", "PUT", b"{}")).status == 400


async def test_a_session_for_pages_of_one_origin(service: Service, certificate: str) -> None:
    bound = token(allowedOrigins=["https://app.example"])
    for headers, status in (({}, 200), ({"Origin": "https://app.example"}, 200), ({"Referer": "https://app.example/page"}, 200),
                            ({"Origin": "https://evil.example"}, 403), ({"Referer": "https://evil.example/"}, 403)):  # fmt: skip
        assert (await service.get(at("/private/one.wav"), Authorization_Token=bound, **headers)).status == status
    assert (await put_token(service, bound, Origin="https://evil.example")).status == 401


async def test_a_withdrawn_certificate_ends_its_sessions(service: Service, settings: Operator, tmp_path: Path) -> None:
    other = await Certificates(settings.database).add(ACCOUNT, pem(OTHER_RSA_KEY))
    text = token(key=OTHER_RSA_KEY)
    deadline = time.monotonic() + 20
    while (await service.get(at("/private/one.wav"), Authorization_Token=text)).status != 200:
        assert time.monotonic() < deadline
        await asyncio.sleep(POLL_SECONDS)
    await Certificates(settings.database).withdraw(ACCOUNT, other.id)
    while (await service.get(at("/private/one.wav"), Authorization_Token=text)).status != 401:
        assert time.monotonic() < deadline
        await asyncio.sleep(POLL_SECONDS)
