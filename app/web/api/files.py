"""Files (CONTRACT 7): details, copying, deleting; many at once as jobs."""

from typing import Final

from app.access.grants import Right
from app.access.rights import Rights
from app.accounts.permissions import Permission
from app.errors import FileAlreadyExists
from app.files.files import Copied
from app.jobs.orders import COPY_FILES, DELETE_FILES
from app.web.api.endpoint import Call, Endpoint
from app.web.api.file_answers import async_response, file_details
from app.web.api.shapes.files import (
    AsyncResponse,
    CopiedMetadata,
    CopiedTags,
    CopyFileBatchRequest,
    CopyFileRequest,
    CopyFileResponse,
    DeleteFileBatchRequest,
    FileDetails,
    FileQuery,
)
from app.web.keys import FILES, ORDERS
from storage.paths import check_path


async def get_details(call: Call) -> FileDetails:
    """GET …/files/details?filePath=."""
    path = check_path(call.query.file_path)
    call.rights.demand(Right.SEE_FILE, path)
    record = await call.request.app[FILES].details(call.account, path)
    return file_details(call.request, call.account, record, record.etag)


async def copy_file(call: Call) -> CopyFileResponse:
    """POST …/files/copy: done when it is answered."""
    asked: CopyFileRequest = call.body
    source, destination = check_path(asked.source), check_path(asked.destination)
    if source == destination:
        raise FileAlreadyExists("A file cannot be copied onto itself.")
    may_overwrite = _may_copy(call.rights, source, destination)
    copied = as_copied(asked.metadata, asked.tags)
    await call.request.app[FILES].copy(call.account, source, destination, copied, may_overwrite=may_overwrite)
    return CopyFileResponse()


async def copy_files(call: Call) -> AsyncResponse:
    """POST …/files/copy/batch."""
    asked: CopyFileBatchRequest = call.body
    work = []
    for each in asked.files:
        may_overwrite = _may_copy(call.rights, check_path(each.source), check_path(each.destination))
        work.append({**each.model_dump(mode="json"), "may_overwrite": may_overwrite})
    return async_response(call.request, await call.request.app[ORDERS].place(call.account, COPY_FILES, {"files": work}))


async def delete_file(call: Call) -> None:
    """DELETE …/files?filePath=."""
    path = check_path(call.query.file_path)
    call.rights.demand(Right.DELETE_FILE, path)
    await call.request.app[FILES].delete(call.account, path)


async def delete_files(call: Call) -> AsyncResponse:
    """DELETE …/files/batch."""
    asked: DeleteFileBatchRequest = call.body
    for path in asked.files:
        call.rights.demand(Right.DELETE_FILE, check_path(path))
    return async_response(call.request, await call.request.app[ORDERS].place(call.account, DELETE_FILES, asked.model_dump()))


def _may_copy(rights: Rights, source: str, destination: str) -> bool:
    """Whether a copy may replace a file; raises Unauthorized where there may be none. What is copied may be read by others there."""
    rights.demand(Right.DOWNLOAD, source)
    rights.demand(Right.CREATE_FILE, destination)
    return rights.allow(Right.OVERWRITE_FILE, destination)


def as_copied(metadata: CopiedMetadata | None, tags: CopiedTags | None) -> Copied:
    """What a request changes about the copy."""
    return Copied(
        metadata=metadata.value if metadata else None,
        merge_metadata=bool(metadata and metadata.merge),
        tags=tuple(tags.value) if tags and tags.value is not None else None,
        merge_tags=bool(tags and tags.merge),
    )


READS: Final = frozenset({Permission.FILES_DOWNLOAD})
"""What is copied elsewhere may be read there by others."""

ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/files/details",
        "GetFileDetails",
        "Everything known about a file.",
        Permission.FILES_READ,
        get_details,
        query=FileQuery,
        answer=FileDetails,
        on_paths=True,
    ),
    Endpoint(
        "POST",
        "/files/copy",
        "CopyFile",
        "Copy a file.",
        Permission.FILES_CREATE,
        copy_file,
        body=CopyFileRequest,
        answer=CopyFileResponse,
        also=READS,
        on_paths=True,
    ),
    Endpoint(
        "POST",
        "/files/copy/batch",
        "CopyFileBatch",
        "Copy many files, as a job.",
        Permission.FILES_CREATE,
        copy_files,
        body=CopyFileBatchRequest,
        answer=AsyncResponse,
        also=READS,
        on_paths=True,
    ),
    Endpoint(
        "DELETE",
        "/files",
        "DeleteFile",
        "Delete a file and all that was made from it.",
        Permission.FILES_DELETE,
        delete_file,
        query=FileQuery,
        on_paths=True,
    ),
    Endpoint(
        "DELETE",
        "/files/batch",
        "DeleteFileBatch",
        "Delete many files, as a job.",
        Permission.FILES_DELETE,
        delete_files,
        body=DeleteFileBatchRequest,
        answer=AsyncResponse,
        on_paths=True,
    ),
)
