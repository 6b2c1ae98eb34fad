"""Files (CONTRACT 7): details, copying, deleting; many at once as jobs."""

from typing import Final

from app.accounts.permissions import Permission
from app.errors import FileAlreadyExists
from app.files.files import Copied
from app.jobs.orders import COPY_FILES, DELETE_FILES
from app.web.endpoint import Call, Endpoint
from app.web.file_answers import async_response, file_details
from app.web.keys import FILES, ORDERS
from app.web.shapes.files import (
    AsyncResponse,
    CopyFileBatchRequest,
    CopyFileRequest,
    CopyFileResponse,
    DeleteFileBatchRequest,
    FileDetails,
    FileQuery,
)
from storage.paths import check_path


async def get_details(call: Call) -> FileDetails:
    """GET …/files/details?filePath=."""
    record = await call.request.app[FILES].details(call.account, check_path(call.query.file_path))
    return file_details(call.request, call.account, record, record.etag)


async def copy_file(call: Call) -> CopyFileResponse:
    """POST …/files/copy: done when it is answered."""
    asked: CopyFileRequest = call.body
    source, destination = check_path(asked.source), check_path(asked.destination)
    if source == destination:
        raise FileAlreadyExists("A file cannot be copied onto itself.")
    may_overwrite = Permission.FILES_OVERWRITE in call.caller.permissions
    await call.request.app[FILES].copy(call.account, source, destination, copied(asked), may_overwrite=may_overwrite)
    return CopyFileResponse()


async def copy_files(call: Call) -> AsyncResponse:
    """POST …/files/copy/batch."""
    asked: CopyFileBatchRequest = call.body
    for each in asked.files:
        check_path(each.source)
        check_path(each.destination)
    may_overwrite = Permission.FILES_OVERWRITE in call.caller.permissions
    work = {**asked.model_dump(mode="json"), "may_overwrite": may_overwrite}
    return async_response(call.request, await call.request.app[ORDERS].place(call.account, COPY_FILES, work))


async def delete_file(call: Call) -> None:
    """DELETE …/files?filePath=."""
    await call.request.app[FILES].delete(call.account, check_path(call.query.file_path))


async def delete_files(call: Call) -> AsyncResponse:
    """DELETE …/files/batch."""
    asked: DeleteFileBatchRequest = call.body
    for path in asked.files:
        check_path(path)
    return async_response(call.request, await call.request.app[ORDERS].place(call.account, DELETE_FILES, asked.model_dump()))


def copied(asked: CopyFileRequest) -> Copied:
    """What a request changes about the copy."""
    return Copied(
        metadata=asked.metadata.value if asked.metadata else None,
        merge_metadata=bool(asked.metadata and asked.metadata.merge),
        tags=tuple(asked.tags.value) if asked.tags and asked.tags.value is not None else None,
        merge_tags=bool(asked.tags and asked.tags.merge),
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
    ),
    Endpoint(
        "DELETE", "/files", "DeleteFile", "Delete a file and all that was made from it.", Permission.FILES_DELETE, delete_file, FileQuery
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
    ),
)
