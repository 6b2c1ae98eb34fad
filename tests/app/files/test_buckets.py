"""Folders in a bucket: signed reads, every path form, and credentials that nobody sees again."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3

from tests import tones
from tests.app.files.api import call, finish, ok
from tests.servers import ACCESS_KEY, BUCKET, SECRET_KEY, object_store
from tests.service import ACCOUNT, Service, running

RATE_HZ = 44_100


async def test_a_bucket_folder_is_read_and_transformed(tmp_path: Path) -> None:
    with object_store() as store:
        tones.write(tmp_path / "tone.wav", tones.chirp(2, RATE_HZ), RATE_HZ)
        content = (tmp_path / "tone.wav").read_bytes()
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=store.endpoint, **keys).put_object(Bucket=BUCKET, Key="media/sub/tone.wav", Body=content)
        host = store.endpoint.removeprefix("http://")
        async with running(tmp_path / "data", SOUNDPATH_FETCH_ALLOWED_HOSTS=host) as service:
            bucket = {
                "bucketName": BUCKET,
                "bucketRegion": "us-east-1",
                "bucketEndpoint": store.endpoint,
                "objectKeyPrefix": "media/",
                "forcePathStyle": True,
                "unsupportedOperations": [],
            }
            credentials = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
            layer = {"type": "GenericS3", "bucket": bucket, "credentials": credentials, "useAbsolutePaths": False}
            settings = {"storageLayer": {"set": True, "value": layer}}
            answers = [await ok(service, "PUT", "/folders", {"folderPath": "/cloud", "folderSettings": settings})]
            assert (await service.get(f"/{ACCOUNT}/raw/cloud/sub/tone.wav")).body == content
            part = await service.get(f"/{ACCOUNT}/raw/cloud/sub/tone.wav", Range="bytes=10-19")
            assert (part.status, part.body) == (206, content[10:20])
            assert (await service.artifact(f"/{ACCOUNT}/audio/cloud/sub/tone.wav?f=mp3")).status == 200
            assert (await service.get(f"/{ACCOUNT}/raw/cloud/none.wav")).status == 404
            assert (await call(service, "POST", "/uploads/binary?filePath=/cloud/x", b"x")).status == 403
            answers += [
                await ok(service, "GET", "/folders?folderPath=/cloud"),
                await ok(service, "GET", "/folders?folderPath=/cloud/sub"),
                await ok(service, "GET", "/folders/list?folderPath=/"),
            ]
        secrets = (SECRET_KEY, "secretKey", "credentials")
        assert not [secret for secret in secrets for answer in answers if secret in str(answer)]
        with sqlite3.connect(tmp_path / "data" / "soundpath.db") as database:
            dump = "\n".join(database.iterdump())
        assert SECRET_KEY not in dump
        assert SECRET_KEY not in (tmp_path / "data" / "log").read_text()


async def test_a_bucket_folder_is_listed_page_by_page(tmp_path: Path) -> None:
    names = [f"many/{number:04}.wav" for number in range(1100)] + ["a b.wav", "a/x.wav", "a/y/z.wav", "a0.wav", "ü&<.wav", "b/c.wav"]
    with object_store() as store:
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "region_name": "us-east-1"}
        client = boto3.client("s3", endpoint_url=store.endpoint, **keys)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: client.put_object(Bucket=BUCKET, Key=f"media/{name}", Body=b"12"), names))
        async with running(tmp_path / "data", SOUNDPATH_FETCH_ALLOWED_HOSTS=store.endpoint.removeprefix("http://")) as service:
            await put_bucket(service, store.endpoint)
            whole = await pages(service, "/cloud", limit=400, recursive=True)
            files = [item["filePath"] for item in whole if item["type"] == "File"]
            assert files == sorted((f"/cloud/{name}" for name in names), key=str.encode)
            assert {item["size"] for item in whole if item["type"] == "File"} == {2}
            assert [item["folderPath"] for item in whole if item["type"] == "Folder"] == [
                "/cloud/a",
                "/cloud/a/y",
                "/cloud/b",
                "/cloud/many",
            ]
            top = await pages(service, "/cloud", limit=2, recursive=False)
            shown = [item.get("filePath") or item["folderPath"] + "/" for item in top]
            assert shown == ["/cloud/a b.wav", "/cloud/a/", "/cloud/a0.wav", "/cloud/b/", "/cloud/many/", "/cloud/ü&<.wav"]
            assert len(await pages(service, "/cloud/many", limit=1000, recursive=False)) == 1100
            root = await pages(service, "/", limit=50, recursive=True)
            assert [item.get("folderPath") for item in root] == ["/cloud"], "what is kept elsewhere has lists of its own"
            gone = await finish(service, await ok(service, "DELETE", "/folders", {"folderPath": "/cloud"}))
            assert gone["status"] == "Succeeded"
            assert client.head_object(Bucket=BUCKET, Key="media/a/x.wav")["ContentLength"] == 2, "a bucket's files are not ours to delete"


async def test_a_bucket_that_refuses_says_so(tmp_path: Path) -> None:
    with object_store() as store:
        async with running(tmp_path / "data", SOUNDPATH_FETCH_ALLOWED_HOSTS=store.endpoint.removeprefix("http://")) as service:
            await put_bucket(service, store.endpoint, secret="wrong")
            refused = await call(service, "GET", "/folders/list?folderPath=/cloud")
            assert (refused.status, refused.json()["error"]["code"]) == (409, "conflict")
            store.stop()
            away = await call(service, "GET", "/folders/list?folderPath=/cloud")
            assert (away.status, away.json()["error"]["code"]) == (503, "overloaded")


async def put_bucket(service: Service, endpoint: str, secret: str = SECRET_KEY) -> None:
    bucket = {"bucketName": BUCKET, "bucketRegion": "us-east-1", "bucketEndpoint": endpoint, "objectKeyPrefix": "media/",
              "forcePathStyle": True, "unsupportedOperations": []}  # fmt: skip
    layer = {"type": "GenericS3", "bucket": bucket, "credentials": {"accessKey": ACCESS_KEY, "secretKey": secret}}
    await ok(service, "PUT", "/folders", {"folderPath": "/cloud", "folderSettings": {"storageLayer": {"set": True, "value": layer}}})


async def pages(service: Service, folder: str, limit: int, recursive: bool) -> list[Any]:
    items, cursor = [], ""
    while True:
        asked = f"/folders/list?folderPath={folder}&limit={limit}&recursive={str(recursive).lower()}&cursor={quote(cursor)}"
        page = await ok(service, "GET", asked)
        items += page["items"]
        if page["isPaginationComplete"]:
            return items
        cursor = page["cursor"]


BAD_BUCKETS: tuple[dict[str, Any], ...] = (
    {"bucketEndpoint": "http://169.254.169.254"},
    {"bucketEndpoint": "https://s3.example.com/?a=b"},
    {"bucketEndpoint": "https://s_3.example.com"},
    *({"bucketName": name} for name in ("", " ", "a/b", "\0", "ä")),
    *({"bucketRegion": region} for region in (None, "../x", "us east", "123", "\0")),
)


async def test_bad_buckets_are_refused(tmp_path: Path) -> None:
    good = {"bucketName": "b", "bucketRegion": "r", "bucketEndpoint": "https://s3.example.com", "objectKeyPrefix": ""}
    async with running(tmp_path) as service:
        for change, secret in [*((change, "hush-hush") for change in BAD_BUCKETS), ({}, "")]:
            layer = {"type": "GenericS3", "bucket": good | change, "credentials": {"accessKey": "a", "secretKey": secret}}
            asked = {"folderPath": "/cloud", "folderSettings": {"storageLayer": {"set": True, "value": layer}}}
            answer = await call(service, "PUT", "/folders", asked)
            assert answer.status == 400, (change, answer.body)
            assert b"hush-hush" not in answer.body
        assert (await call(service, "GET", "/folders?folderPath=/cloud")).json()["settings"] == {}
