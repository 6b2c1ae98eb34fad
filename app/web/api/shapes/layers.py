"""Storage layers on the wire. Answers never hold credentials."""

from typing import Annotated, Literal

from pydantic import AnyHttpUrl, Field, SecretStr

from app.web.api.shapes.wire_model import Asked

Name = Annotated[str, Field(min_length=1, max_length=255)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=255)]


class InternalStorage(Asked):
    """The store of this service."""

    type: Literal["InternalStorageV1", "InternalStorageV2"]


class QueryParameter(Asked):
    """A query parameter, its name URL-encoded."""

    name: Name


class QueryStringForwarding(Asked):
    """Which query parameters of our URL go on to the origin."""

    type: Literal["Whitelist", "Blacklist"]
    parameters: Annotated[list[QueryParameter], Field(max_length=100)]


class WebStorage(Asked):
    """A read-only folder on a web server."""

    type: Literal["Web"]
    base_url: AnyHttpUrl
    append_query_string: Annotated[str, Field(max_length=1000, pattern=r"^[^?#\s]*$")] | None = None
    query_string_forwarding: QueryStringForwarding | None = None


class S3Bucket(Asked):
    """A bucket of Amazon S3."""

    bucket_name: Name
    bucket_region: Name
    object_key_prefix: Annotated[str, Field(max_length=1024)] = ""


class GenericS3Bucket(S3Bucket):
    """A bucket elsewhere that speaks S3."""

    bucket_endpoint: AnyHttpUrl
    force_path_style: bool = True
    unsupported_operations: Annotated[list[Literal["DeleteObjects"]], Field(default_factory=list)]


class S3Credentials(Asked):
    """Never answered again."""

    aws_access_key: Name
    aws_secret_key: Secret


class GenericS3Credentials(Asked):
    """Never answered again."""

    access_key: Name
    secret_key: Secret


class S3Storage(Asked):
    """A read-only folder in Amazon S3."""

    type: Literal["S3"]
    bucket: S3Bucket
    use_absolute_paths: bool = False
    use_transfer_acceleration: bool = False


class GenericS3Storage(Asked):
    """A read-only folder in a bucket elsewhere."""

    type: Literal["GenericS3"]
    bucket: GenericS3Bucket
    use_absolute_paths: bool = False


class S3StorageUpdate(S3Storage):
    """The same with credentials."""

    credentials: S3Credentials


class GenericS3StorageUpdate(GenericS3Storage):
    """The same with credentials."""

    credentials: GenericS3Credentials


StorageLayer = Annotated[InternalStorage | WebStorage | S3Storage | GenericS3Storage, Field(discriminator="type")]
StorageLayerUpdate = Annotated[InternalStorage | WebStorage | S3StorageUpdate | GenericS3StorageUpdate, Field(discriminator="type")]
