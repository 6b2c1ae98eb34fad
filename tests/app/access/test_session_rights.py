"""Browser sessions in the API: every call that is about paths asks the session's rules, flag by flag, and they outrank the key."""

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.access.grants import Right
from app.web.api.calls import ENDPOINTS
from tests import tones
from tests.app.files.api import call, finish, ok, upload
from tests.service import ACCOUNT, Answer, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = rsa.generate_private_key(65537, 2048)
SCOPES = ("This", "Children", "Grandchildren+")
EVERY = frozenset(Right)
DENIED = 403


@dataclass(frozen=True)
class Sample:
    """A request in order; {at} is a folder. `needs`: without any one of these a session may not make it."""

    method: str
    path: str
    needs: frozenset[Right]
    body: Any = None


def sample(method: str, path: str, *needs: Right, body: Any = None) -> Sample:
    return Sample(method, path, frozenset(needs), body)


COPY = (Right.DOWNLOAD, Right.CREATE_FILE)
COPY_FOLDER = (*COPY, Right.CREATE_FOLDER, Right.SET_DESCRIPTION, Right.SET_PERMISSIONS, Right.SET_STORAGE)
FOLDER = {"description": {"set": True, "value": "x"}, "publicPermissions": {"set": True, "value": None},
          "storageLayer": {"set": True, "value": None}}  # fmt: skip
PAIR = {"source": "{at}/x.wav", "destination": "{at}/copy.wav"}
PARTS = "/uploads/{upload}/parts"

SAMPLES: Mapping[str, Sample] = {
    "BeginMultipartUpload": sample("POST", "/uploads", Right.CREATE_FILE, body={"size": 1, "path": "{at}/new.wav"}),
    "ListUploadParts": sample("GET", PARTS, Right.CREATE_FILE),
    "GetUploadPart": sample("GET", PARTS + "/0", Right.CREATE_FILE),
    "CompleteUploadPart": sample("PUT", PARTS + "/0", Right.CREATE_FILE, body={"etag": "none"}),
    "UploadBinary": sample("POST", "/uploads/binary?filePath={at}/{UNIQUE_DIGITS_9}", Right.CREATE_FILE, body="bytes"),
    "UploadForm": sample("POST", "/uploads/form_data?filePath={at}/{UNIQUE_DIGITS_9}", Right.CREATE_FILE, body="form"),
    "UploadFromUrl": sample("POST", "/uploads/url", Right.CREATE_FILE, body={"url": "{url}/robots.txt", "path": "{at}/r.txt"}),
    "GetFileDetails": sample("GET", "/files/details?filePath={at}/x.wav", Right.SEE_FILE),
    "CopyFile": sample("POST", "/files/copy", *COPY, body=PAIR),
    "CopyFileBatch": sample("POST", "/files/copy/batch", *COPY, body={"files": [PAIR]}),
    "DeleteFile": sample("DELETE", "/files?filePath={at}/none.wav", Right.DELETE_FILE),
    "DeleteFileBatch": sample("DELETE", "/files/batch", Right.DELETE_FILE, body={"files": ["{at}/none.wav"]}),
    "ListFolder": sample("GET", "/folders/list?folderPath={at}", Right.LIST_FOLDER),
    "PutFolder": sample("PUT", "/folders", Right.CREATE_FOLDER, Right.SET_DESCRIPTION, Right.SET_PERMISSIONS, Right.SET_STORAGE,
                        body={"folderPath": "{at}/{new}", "folderSettings": FOLDER}),
    "GetFolderDetails": sample("GET", "/folders?folderPath={at}"),
    "DeleteFolder": sample("DELETE", "/folders", Right.DELETE_FOLDER, Right.DELETE_FILE, body={"folderPath": "{at}/none"}),
    "DeleteFolderBatch": sample("DELETE", "/folders/batch", Right.DELETE_FOLDER, Right.DELETE_FILE,
                                body={"folders": [{"folderPath": "{at}/none"}]}),
    "CopyFolder": sample("POST", "/folders/copy", *COPY_FOLDER, body={"source": "{at}/none", "destination": "{at}/other"}),
    "CopyFolderBatch": sample("POST", "/folders/copy/batch", *COPY_FOLDER,
                              body={"folders": [{"source": "{at}/none", "destination": "{at}/other"}]}),
}  # fmt: skip


def rule(path: str, rights: Iterable[Right], value: object = True, scopes: Iterable[str] = SCOPES) -> list[dict[str, Any]]:
    """Rules about a path that say `value` of each right."""
    said: dict[str, dict[str, dict[str, object]]] = {}
    for right in rights:
        _, group, thing, name = right.value
        slugs: object = ["*"] if value else []
        said.setdefault(group, {}).setdefault(thing, {})[name] = slugs if right is Right.DOWNLOAD else value
    return [{"match": {"path": path, "scope": scope}, "permissions": said} for scope in scopes]


def token(rules: list[dict[str, Any]], **access: Any) -> str:
    claims = {"accountId": ACCOUNT, "exp": int(time.time()) + 600, "access": {"pathPermissions": rules, **access}}
    return jwt.encode(claims, KEY, "RS256")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(any_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    library = tmp_path_factory.mktemp("library")
    for folder in ("in", "out"):
        (library / folder).mkdir()
        tones.write(library / folder / "x.wav", tones.chirp(1, 8000), 8000)
    quiet = {"SOUNDPATH_RATE_REFUSALS": "0"}
    async with Service(tmp_path_factory.mktemp("data"), library, quiet) as running:
        public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        await ok(running, "POST", "/session_certificates", {"name": "test", "pem": public.decode()})
        yield running


async def ask(service: Service, asked: Sample, at: str, headers: Mapping[str, str], upload_id: str = "") -> Answer:
    """A sample about a folder, with these headers alone."""

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            new = f"new-{time.monotonic_ns()}"
            return value.replace("{at}", at).replace("{url}", service.url).replace("{upload}", upload_id).replace("{new}", new)
        if isinstance(value, dict):
            return {name: filled(each) for name, each in value.items()}
        return [filled(each) for each in value] if isinstance(value, list) else value

    body, more = filled(asked.body), dict(headers)
    if body == "form":
        more["Content-Type"] = "multipart/form-data; boundary=b"
        body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nx\r\n--b--\r\n'
    return await call(service, asked.method, filled(asked.path), body.encode() if isinstance(body, str) else body, key="", **more)


def is_refused(answer: Answer) -> bool:
    """Forms say it of each file."""
    return answer.status == DENIED or (answer.status == 200 and b'"unauthorized"' in answer.body)


def session(rules: list[dict[str, Any]], **access: Any) -> dict[str, str]:
    return {"Authorization-Token": token(rules, **access)}


async def test_every_call_about_paths_has_a_sample() -> None:
    assert set(SAMPLES) == {endpoint.operation for endpoint in ENDPOINTS if endpoint.on_paths}


@pytest.mark.parametrize("operation", SAMPLES)
async def test_each_right_is_asked_for(service: Service, operation: str) -> None:
    asked = SAMPLES[operation]
    began = {
        at: (await ok(service, "POST", "/uploads", {"size": 1, "path": f"{at}/{operation}.wav"}))["uploadId"] for at in ("/in", "/out")
    }
    whole = session(rule("/in", EVERY))
    let_in = await ask(service, asked, "/in", whole, began["/in"])
    assert not is_refused(let_in), let_in.body
    assert let_in.status not in (401, 500), let_in.body
    assert is_refused(await ask(service, asked, "/out", whole, began["/out"])), "another folder"
    assert is_refused(await ask(service, asked, "/in", session([]), began["/in"])), "no rules at all"
    for right in asked.needs:
        less = await ask(service, asked, "/in", session(rule("/in", EVERY - {right})), began["/in"])
        assert is_refused(less), (right, less.status, less.body)
        over = session(rule("/in", {right}, False)) | {"Authorization": f"Bearer {service.secret}"}
        denied = await ask(service, asked, "/in", over, began["/in"])
        assert is_refused(denied), ("the session outranks the key", right, denied.status, denied.body)
    with_key = session([]) | {"Authorization": f"Bearer {service.secret}"}
    assert not is_refused(await ask(service, asked, "/in", with_key, began["/in"])), "where the session is silent the key counts"


async def test_calls_about_no_path_take_a_key(service: Service) -> None:
    whole = session(rule("/", EVERY))
    for method, path in (("GET", "/keys"), ("GET", "/usage"), ("GET", "/jobs"), ("GET", "/callbacks/deliveries")):
        assert (await call(service, method, path, key="", **whole)).status == DENIED, path
    reset = await call(service, "POST", "/cache/reset", {"pattern": "/*"}, key="", **whole)
    assert reset.status == DENIED


async def test_a_public_key_and_a_session_together_overwrite(service: Service) -> None:
    await upload(service, "/in/mine.txt", b"1")
    for rights, status in ((set(), 403), ({Right.OVERWRITE_FILE}, 200)):
        headers = session(rule("/in", rights)) | {"Authorization": f"Bearer {service.public}"}
        again = await call(service, "POST", "/uploads/binary?filePath=/in/mine.txt", b"2", key="", **headers)
        assert again.status == status, again.body
    assert (await service.get(f"/{ACCOUNT}/raw/in/mine.txt")).body == b"2"


async def test_saving_takes_the_right_to_each_source_and_to_the_destination(service: Service) -> None:
    for source, append, destination, status in (
        ("/in/x.wav", "", "/in/saved-1.json", 200),
        ("/out/x.wav", "", "/in/saved-2.json", 403),
        ("/in/x.wav", "&append=/out/x.wav", "/in/saved-3.json", 403),
        ("/in/x.wav", "", "/out/saved-4.json", 403),
    ):
        url = f"{service.url}/{ACCOUNT}/save/audio{source}?f=meta{append}"
        answer = await call(service, "POST", url, {"destination": destination}, key="", **session(rule("/in", EVERY)))
        assert answer.status == status, (source, append, destination, answer.body)


async def test_tags_that_a_session_may_give(service: Service) -> None:
    where = "/uploads/binary?filePath=/in/{UNIQUE_DIGITS_9}.txt&tag=pod-1"
    rules = rule("/in", EVERY)
    bearer = {"Authorization": f"Bearer {service.public}"}
    for headers, status in (
        (session(rules, tagPermissions={"write": ["pod-*"]}), 200),
        (session(rules, tagPermissions={"write": ["other"]}), 403),
        (session(rules, tagPermissions={"write": ["other"]}) | bearer, 403),
        (session(rules), 403),
        (session(rules) | bearer, 200),
    ):
        assert (await call(service, "POST", where, b"x", key="", **headers)).status == status, headers


async def test_a_session_sees_the_settings_and_folders_that_it_may(service: Service) -> None:
    grants = [{"scope": "Children", "permissions": {"file": {"downloadFile": ["raw"]}}}]
    settings = {"description": {"set": True, "value": "ours"}, "publicPermissions": {"set": True, "value": grants}}
    await ok(service, "PUT", "/folders", {"folderPath": "/in/seen", "folderSettings": settings})
    await upload(service, "/in/seen/deep/y.txt", b"y")
    own = session(rule("/in/seen", {Right.SEE_DESCRIPTION, Right.LIST_FOLDER}, scopes=("This",)))
    details = await ok(service, "GET", "/folders?folderPath=/in/seen", key="", **own)
    assert details["settings"] == {"description": "ours"}
    assert details["settingsInherited"] == {}
    listed = await ok(service, "GET", "/folders/list?folderPath=/in/seen&recursive=true", key="", **own)
    assert [item.get("folderPath") for item in listed["items"]] == ["/in/seen/deep"], "what is in there it may not list"
    whole = await ok(service, "GET", "/folders/list?folderPath=/in/seen&recursive=true")
    assert len(whole["items"]) == 2


async def test_one_denied_file_keeps_a_folder_from_being_deleted(service: Service) -> None:
    await upload(service, "/in/half/keep.txt", b"k")
    denied = rule("/in/half/keep.txt", {Right.DELETE_FILE}, False, scopes=("This",))
    headers = session(denied) | {"Authorization": f"Bearer {service.secret}"}
    assert (await call(service, "DELETE", "/folders", {"folderPath": "/in/half"}, key="", **headers)).status == DENIED
    assert (await call(service, "DELETE", "/files?filePath=/in/half/keep.txt", key="", **headers)).status == DENIED
    assert (await finish(service, await ok(service, "DELETE", "/folders", {"folderPath": "/in/half"})))["status"] == "Succeeded"
