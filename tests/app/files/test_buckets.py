"""Folders in a bucket: signed reads, every path form, and credentials that nobody sees again."""

import sqlite3
from pathlib import Path

import boto3
import pytest

from tests import tones
from tests.app.files.api import call, ok
from tests.servers import ACCESS_KEY, BUCKET, SECRET_KEY, object_store
from tests.service import ACCOUNT, running

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


@pytest.mark.parametrize("change", [{"bucketEndpoint": "http://169.254.169.254"}, {"bucketName": ""}, {"bucketRegion": None}])
async def test_bad_buckets_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    bucket = {"bucketName": "b", "bucketRegion": "r", "bucketEndpoint": "https://s3.example.com", "objectKeyPrefix": ""} | change
    layer = {"type": "GenericS3", "bucket": bucket, "credentials": {"accessKey": "a", "secretKey": "hush-hush"}}
    async with running(tmp_path) as service:
        asked = {"folderPath": "/cloud", "folderSettings": {"storageLayer": {"set": True, "value": layer}}}
        answer = await call(service, "PUT", "/folders", asked)
        assert answer.status == 400
        assert b"hush-hush" not in answer.body
