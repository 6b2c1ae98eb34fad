"""Uploads in one request: a binary body, or a form with files (CONTRACT 7). Bodies are streamed to disk, whatever their size."""

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import BadHttpMessage

from app.accounts.permissions import Permission
from app.errors import AppError, InvalidRequest, describe
from app.files.intake import NewFile
from app.files.records import Described, FileRecord
from app.web.api.endpoint import Call, Endpoint
from app.web.api.file_answers import basic_upload
from app.web.api.shapes.uploads import (
    MAX_NAME_CHARACTERS,
    BasicUpload,
    DirectUploadQuery,
    FormUpload,
    FormUploadError,
    FormUploadProblem,
    FormUploadResponse,
)
from app.web.api.upload_request import direct_path, header_metadata, may_upload, mime_of
from app.web.api.uploads import PIECE_BYTES, body_pieces
from app.web.keys import INTAKE
from storage.errors import StorageError

MAX_FORM_FILES: Final = 100
UNREADABLE: Final = (ValueError, AssertionError, BadHttpMessage, web.RequestPayloadError)  # what the library says of broken forms


async def upload_binary(call: Call) -> BasicUpload:
    """POST …/uploads/binary: the body is the file, its Content-Type the file's."""
    asked: DirectUploadQuery = call.query
    name = asked.original_file_name
    new = _new_file(call, mime_of(call.request.headers), name, call.request.content_length)
    return basic_upload(call.request, call.account, await call.request.app[INTAKE].take(new, body_pieces(call.request)))


async def upload_form(call: Call) -> FormUploadResponse:
    """POST …/uploads/form_data: each field with a file name is a file; one that is refused does not stop the others."""
    taken: list[FormUpload] = []
    refused: list[FormUploadError] = []
    async for part in _files_of(call.request):
        field = part.name or ""
        try:
            record = await _take_part(call, part)
        except (AppError, StorageError) as error:
            public = describe(error)
            problem = FormUploadProblem(code=public.code, message=public.message)
            refused.append(FormUploadError(form_data_field_name=field, error=problem))
        else:
            shown = basic_upload(call.request, call.account, record)
            taken.append(FormUpload(form_data_field_name=field, **shown.model_dump()))
    if not taken and not refused:
        raise InvalidRequest("The form holds no file: a field needs a file name to be one.")
    return FormUploadResponse(files=taken, errors=refused)


async def _take_part(call: Call, part: BodyPartReader) -> FileRecord:
    name = call.query.original_file_name or (part.filename or "")[:MAX_NAME_CHARACTERS]
    return await call.request.app[INTAKE].take(_new_file(call, mime_of(part.headers), name, None), _part_pieces(part))


def _new_file(call: Call, mime: str, original_name: str | None, size_bytes: int | None) -> NewFile:
    asked: DirectUploadQuery = call.query
    path = direct_path(asked, original_name)
    return NewFile(
        account=call.account,
        path=path,
        described=Described(mime, original_name or None, header_metadata(call.request), tuple(asked.tag)),
        may_overwrite=may_upload(call.rights, path, asked.tag),
        size_bytes=size_bytes,
    )


async def _files_of(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """The file fields of a form, each to be read before the next one; raises InvalidRequest for what is no form."""
    if request.content_type != "multipart/form-data":
        raise InvalidRequest("This takes a body of the type multipart/form-data.")
    count = 0
    try:
        form = await request.multipart()
    except (ValueError, AssertionError) as error:
        raise InvalidRequest("The form's Content-Type names no boundary.") from error
    while (part := await _next_part(form)) is not None:
        if part.filename is not None:
            count += 1
            if count > MAX_FORM_FILES:
                raise InvalidRequest(f"A form takes {MAX_FORM_FILES} files at most.")
            yield part


async def _next_part(form: MultipartReader) -> BodyPartReader | None:
    """The next field, whatever is unread of the last one left behind; raises InvalidRequest."""
    try:
        part = await form.next()
    except UNREADABLE as error:
        raise InvalidRequest("The form cannot be read.") from error
    if isinstance(part, MultipartReader):
        raise InvalidRequest("A form within a form is not taken.")
    return part


async def _part_pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    try:
        while piece := await part.read_chunk(PIECE_BYTES):
            yield bytes(piece)
    except UNREADABLE as error:
        raise InvalidRequest("The form ended early or cannot be read.") from error


ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/uploads/binary",
        "UploadBinary",
        "Upload a file as the body of one request.",
        Permission.FILES_CREATE,
        upload_binary,
        query=DirectUploadQuery,
        answer=BasicUpload,
        streams="application/octet-stream",
        on_paths=True,
    ),
    Endpoint(
        "POST",
        "/uploads/form_data",
        "UploadForm",
        "Upload the files of a form.",
        Permission.FILES_CREATE,
        upload_form,
        query=DirectUploadQuery,
        answer=FormUploadResponse,
        streams="multipart/form-data",
        on_paths=True,
    ),
)
