"""Upload from a URL (CONTRACT 7): we fetch the file, through the one guarded fetcher, and store it."""

from dataclasses import replace
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from app.accounts.permissions import Permission
from app.errors import InvalidRequest
from app.files.intake import NewFile
from app.web.api.endpoint import Call, Endpoint
from app.web.api.file_answers import basic_upload
from app.web.api.shapes.uploads import BasicUpload, UploadFromUrlRequest
from app.web.api.upload_request import described, may_upload, mime_of, upload_path
from app.web.keys import FETCHER, INTAKE, REQUEST_SIGNER
from storage.fetch.fetcher import Fetched, FetchLimits, FetchRequest


async def upload_from_url(call: Call) -> BasicUpload:
    """POST …/uploads/url: answered when the file is stored; `timeout` bounds it from the first byte to the last."""
    asked: UploadFromUrlRequest = call.body
    intake = call.request.app[INTAKE]
    new = _new_file(call, asked)
    seconds = asked.timeout / 1000
    limits = FetchLimits(max_bytes=intake.max_bytes, answer_seconds=seconds, total_seconds=seconds)
    sign = await call.request.app[REQUEST_SIGNER].sign(call.account)
    async with call.request.app[FETCHER].ask(str(asked.url), FetchRequest(limits=limits, sign=sign)) as fetched:
        if fetched.status != HTTPStatus.OK:
            raise InvalidRequest(f"The URL answered with the status {fetched.status}.")
        record = await intake.take(_as_fetched(new, asked, fetched), fetched.read())
    return basic_upload(call.request, call.account, record)


def _new_file(call: Call, asked: UploadFromUrlRequest) -> NewFile:
    """What is known before anything is fetched: enough to refuse it."""
    name = asked.original_file_name or PurePosixPath(unquote(urlsplit(str(asked.url)).path)).name or None
    path = upload_path(asked.path, name)
    may_overwrite = may_upload(call.rights, path, asked.tags or ())
    return NewFile(call.account, path, replace(described(asked), original_name=name), may_overwrite)


def _as_fetched(new: NewFile, asked: UploadFromUrlRequest, fetched: Fetched) -> NewFile:
    mime = asked.mime or mime_of(fetched.headers)
    return replace(new, described=replace(new.described, mime=mime), size_bytes=fetched.size_bytes)


ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/uploads/url",
        "UploadFromUrl",
        "Fetch a file from a URL.",
        Permission.FILES_CREATE,
        upload_from_url,
        body=UploadFromUrlRequest,
        answer=BasicUpload,
        on_paths=True,
    ),
)
