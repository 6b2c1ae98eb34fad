"""Uploads in parts (CONTRACT 7). The parts themselves go to opaque addresses that need no key: whoever has one may send that file."""

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from app.access.grants import Right
from app.accounts.permissions import Permission
from app.errors import InvalidRequest
from app.files.records import FileRecord
from app.files.upload_rows import Upload
from app.files.uploads import NewUpload
from app.web.api.endpoint import Call, Endpoint, number_in_path
from app.web.api.file_answers import api_base, file_details
from app.web.api.shapes.uploads import (
    BeginUploadRequest,
    BeginUploadResponse,
    CompletePartCompleted,
    CompletePartPending,
    CompletePartRequest,
    UploadPart,
    UploadPartList,
    UploadPartRange,
    UploadParts,
)
from app.web.api.upload_request import described, may_upload, moment, upload_path
from app.web.cache_control import NO_STORE
from app.web.keys import INTAKE, UPLOADS

PART_ADDRESS: Final = "/v2/uploads/{token}/parts/{number}"
PIECE_BYTES: Final = 256 * 1024


async def begin_upload(call: Call) -> BeginUploadResponse:
    """POST …/uploads."""
    asked: BeginUploadRequest = call.body
    call.request.app[INTAKE].check_size(asked.size)
    path = upload_path(asked.path, asked.original_file_name)
    upload = await call.request.app[UPLOADS].begin(
        NewUpload(
            account=call.account,
            path=path,
            size_bytes=asked.size,
            described=described(asked),
            may_overwrite=may_upload(call.rights, path, asked.tags or ()),
        )
    )
    parts = UploadParts(count=upload.part_count, first=_part(call.request, upload, 0))
    return BeginUploadResponse(
        file=file_details(call.request, call.account, _future(upload), None), upload_id=upload.id, upload_parts=parts
    )


async def list_parts(call: Call) -> UploadPartList:
    """GET …/uploads/{uploadId}/parts."""
    upload = await _upload(call)
    return UploadPartList(remaining_upload_parts=await call.request.app[UPLOADS].remaining(upload))


async def get_part(call: Call) -> UploadPart:
    """GET …/uploads/{uploadId}/parts/{number}."""
    upload = await _upload(call)
    number = number_in_path(call.request, "number")
    upload.check_part(number)
    return _part(call.request, upload, number)


async def complete_part(call: Call) -> CompletePartPending | CompletePartCompleted:
    """PUT …/uploads/{uploadId}/parts/{number}: always 200 with a body, as the npm client needs it."""
    asked: CompletePartRequest = call.body
    etag = asked.etag.removeprefix("W/").strip('"')
    upload = await _upload(call)
    completed = await call.request.app[UPLOADS].complete(upload, number_in_path(call.request, "number"), etag)
    return CompletePartPending() if completed is None else CompletePartCompleted(etag=completed)


async def put_part(request: web.Request) -> web.Response:
    """PUT of an upload URL: the raw bytes of one part, of whatever Content-Type."""
    number = number_in_path(request, "number")
    etag = await request.app[UPLOADS].receive(request.match_info["token"], number, body_pieces(request))
    return web.Response(headers={"ETag": f'"{etag}"', "Cache-Control": NO_STORE})


async def body_pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The body as it comes; raises InvalidRequest for one whose form is broken, and ConnectionError when the client leaves."""
    try:
        async for piece in request.content.iter_chunked(PIECE_BYTES):
            yield piece
    except web.RequestPayloadError as error:
        raise InvalidRequest("The body ended early or cannot be read.") from error


async def _upload(call: Call) -> Upload:
    upload = await call.request.app[UPLOADS].get(call.account, call.request.match_info["upload_id"])
    call.rights.demand(Right.CREATE_FILE, upload.path)
    return upload


def _part(request: web.Request, upload: Upload, number: int) -> UploadPart:
    start, end = upload.range(number)
    address = PART_ADDRESS.format(token=upload.token, number=number)
    return UploadPart(
        range=UploadPartRange(inclusive_start=start, inclusive_end=end - 1),
        upload_id=upload.id,
        upload_part_index=number,
        upload_url=f"{api_base(request)}{address}",
    )


def _future(upload: Upload) -> FileRecord:
    """The file as it will be."""
    return FileRecord(
        path=upload.path,
        etag="",
        size_bytes=upload.size_bytes,
        modified_ms=moment(None).now_ms,
        mime=upload.described.mime,
        original_name=upload.described.original_name,
        metadata=upload.described.metadata,
        tags=upload.described.tags,
    )


_PART: Final = "/uploads/{upload_id}/parts/{number}"

ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/uploads",
        "BeginMultipartUpload",
        "Announce a file that will come in parts.",
        Permission.FILES_CREATE,
        begin_upload,
        body=BeginUploadRequest,
        answer=BeginUploadResponse,
        on_paths=True,
    ),
    Endpoint(
        "GET",
        "/uploads/{upload_id}/parts",
        "ListUploadParts",
        "Parts that are still to come.",
        Permission.FILES_CREATE,
        list_parts,
        answer=UploadPartList,
        on_paths=True,
    ),
    Endpoint(
        "GET", _PART, "GetUploadPart", "One part and where to send it.", Permission.FILES_CREATE, get_part, answer=UploadPart, on_paths=True
    ),
    Endpoint(
        "PUT",
        _PART,
        "CompleteUploadPart",
        "Confirm a part; the last one publishes the file.",
        Permission.FILES_CREATE,
        complete_part,
        body=CompletePartRequest,
        answer=CompletePartPending | CompletePartCompleted,
        on_paths=True,
    ),
)
