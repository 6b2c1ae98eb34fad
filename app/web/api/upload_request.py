"""What an upload says about its file, read from a body, a query or headers into values."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from app.access.grants import Right
from app.access.rights import Rights
from app.errors import InvalidRequest
from app.files.destinations import Destination, destination_path
from app.files.path_variables import Moment
from app.files.records import UNKNOWN_MIME, Described
from app.web.api.shapes.uploads import MAX_MIME_CHARACTERS, BeginUploadRequest, DirectUploadQuery, DynamicFilePath, UploadFromUrlRequest

METADATA_HEADER: Final = "X-Upload-Metadata"
MAX_METADATA_BYTES: Final = 32 * 1024


def described(asked: BeginUploadRequest | UploadFromUrlRequest) -> Described:
    """The description in a JSON body; raises InvalidRequest."""
    check_metadata(asked.metadata or {})
    return Described(asked.mime or UNKNOWN_MIME, asked.original_file_name, asked.metadata or {}, tuple(asked.tags or ()))


def upload_path(asked: DynamicFilePath | str | None, original_name: str | None) -> str:
    """The path that a body asks for; raises InvalidRequest."""
    return destination_path(_destination(asked), moment(original_name))


def direct_path(asked: DirectUploadQuery, original_name: str | None) -> str:
    """The path that a query asks for; raises InvalidRequest."""
    if asked.file_path is not None:
        return destination_path(Destination(path=asked.file_path), moment(original_name))
    wanted = Destination(
        folder=asked.folder_path,
        name=asked.file_name,
        name_fallback=asked.file_name_fallback,
        folder_variables=asked.folder_path_variables_enabled,
        name_variables=asked.file_name_variables_enabled,
    )
    return destination_path(wanted, moment(original_name))


def mime_of(headers: Mapping[str, str]) -> str:
    """The type that a body, a part or an answer says it has."""
    return headers.get("Content-Type", "")[:MAX_MIME_CHARACTERS] or UNKNOWN_MIME


def may_upload(rights: Rights, path: str, tags: Sequence[str]) -> bool:
    """Whether the upload may replace a file; raises Unauthorized where there may be none at all."""
    rights.demand(Right.CREATE_FILE, path)
    rights.demand_tags(tags)
    return rights.allow(Right.OVERWRITE_FILE, path)


def header_metadata(request: web.Request) -> dict[str, Any]:
    """The JSON object in X-Upload-Metadata; raises InvalidRequest."""
    text = request.headers.get(METADATA_HEADER)
    if text is None:
        return {}
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise InvalidRequest(f"The header {METADATA_HEADER} takes a JSON object.")
    check_metadata(metadata)
    return metadata


def check_metadata(metadata: dict[str, Any]) -> None:
    """Raise InvalidRequest for more than a row should hold."""
    if len(json.dumps(metadata)) > MAX_METADATA_BYTES:
        raise InvalidRequest(f"Metadata of more than {MAX_METADATA_BYTES} bytes is not taken.")


def moment(original_name: str | None) -> Moment:
    """Now, with real digits."""
    return Moment(time.time_ns() // 1_000_000, _digits, original_name or None)


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


def _destination(asked: DynamicFilePath | str | None) -> Destination:
    if asked is None:
        return Destination()
    if isinstance(asked, str):
        return Destination(path=asked)
    return Destination(
        folder=asked.folder_path,
        name=asked.file_name,
        name_fallback=asked.file_name_fallback,
        folder_variables=asked.folder_path_variables_enabled,
        name_variables=asked.file_name_variables_enabled,
    )
