"""Changes of a folder from the wire to its row; credentials are taken apart from everything else here."""

from collections.abc import Mapping
from typing import Any

from app.errors import InvalidField
from app.files.buckets import problem_with_bucket
from app.files.layers import S3Layer, read_layer
from app.web.api.shapes.folders import FolderChanges
from app.web.api.shapes.layers import GenericS3StorageUpdate, S3StorageUpdate, StorageLayerUpdate
from storage.blocking import off_loop


def stored_changes(asked: FolderChanges | None) -> tuple[dict[str, Any], Mapping[str, str] | None]:
    """Columns to set, and credentials to seal."""
    changes: dict[str, Any] = {}
    credentials = None
    if asked is None:
        return changes, credentials
    if asked.description is not None and asked.description.set:
        changes["description"] = asked.description.value
    if asked.public_permissions is not None and asked.public_permissions.set:
        value = asked.public_permissions.value
        changes["public_permissions"] = None if value is None else [each.model_dump(mode="json", by_alias=True) for each in value]
    if asked.storage_layer is not None and asked.storage_layer.set:
        layer = asked.storage_layer.value
        changes["storage_layer"] = None if layer is None else _without_credentials(layer)
        credentials = _credentials(layer)
    return changes, credentials


def origin_url(stored: Mapping[str, Any] | None) -> str | None:
    """The address that files of a layer would be fetched from, None where no caller chooses it."""
    if stored is None:
        return None
    found = stored.get("baseUrl") or stored.get("bucket", {}).get("bucketEndpoint")
    return None if found is None else str(found)


async def check_bucket(stored: Mapping[str, Any] | None, credentials: Mapping[str, str] | None) -> None:
    """Raise InvalidField for a layer in a bucket of which no address can be made."""
    layer = None if stored is None else read_layer(stored)
    if isinstance(layer, S3Layer) and credentials is not None:
        problem = await off_loop(problem_with_bucket, layer, credentials)
        if problem is not None:
            raise InvalidField("body.folderSettings.storageLayer.value.bucket", layer.bucket, problem)


def _without_credentials(layer: StorageLayerUpdate) -> dict[str, Any]:
    return layer.model_dump(mode="json", by_alias=True, exclude={"credentials"}, exclude_none=True)


def _credentials(layer: StorageLayerUpdate | None) -> Mapping[str, str] | None:
    if isinstance(layer, S3StorageUpdate):
        return {"access_key": layer.credentials.aws_access_key, "secret_key": layer.credentials.aws_secret_key.get_secret_value()}
    if isinstance(layer, GenericS3StorageUpdate):
        return {"access_key": layer.credentials.access_key, "secret_key": layer.credentials.secret_key.get_secret_value()}
    return None
