"""Buckets that files are read from: boto3 signs addresses here, without any request; the guarded fetcher opens them."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

VALID_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class OriginBucket:
    """A bucket. `endpoint` is None for Amazon's own; `path_style` writes its name into the path instead of the host."""

    name: str
    region: str
    endpoint: str | None
    path_style: bool


@dataclass(frozen=True, slots=True)
class BucketKeys:
    """Who signs."""

    access_key: str
    secret_key: str = field(repr=False)


def presign(bucket: OriginBucket, keys: BucketKeys, key: str) -> str:
    """An address from which an object can be read for a while, with any Range."""
    wanted = {"Bucket": bucket.name, "Key": key}
    url: str = client_of(bucket, keys).generate_presigned_url("get_object", Params=wanted, ExpiresIn=VALID_SECONDS)
    return url


def problem_with(bucket: OriginBucket, keys: BucketKeys) -> str | None:
    """Why no address can be made with these, None where one can: names and regions that are none, half of the keys. Asks nobody."""
    from botocore.exceptions import BotoCoreError

    try:
        presign(bucket, keys, "key")
    except (BotoCoreError, ValueError) as error:
        return str(error)
    return None


@lru_cache(maxsize=64)
def client_of(bucket: OriginBucket, keys: BucketKeys) -> Any:
    """Made once for each bucket: it takes tens of milliseconds, and is safe to share."""
    # Loaded by those who have such buckets: a tenth of a start.
    import boto3
    from botocore.config import Config

    style = "path" if bucket.path_style else "virtual"
    return boto3.session.Session().client(
        "s3",
        region_name=bucket.region,
        endpoint_url=bucket.endpoint,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        config=Config(signature_version="s3v4", s3={"addressing_style": style}),
    )
