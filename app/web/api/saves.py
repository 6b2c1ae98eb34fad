"""`save/audio` (CONTRACT 7): a variant becomes a file of its account."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from aiohttp import web

from app.access.grants import Right
from app.access.rights import Rights
from app.accounts.permissions import Permission
from app.errors import InvalidRequest
from app.files.intake import NewFile
from app.files.records import Described
from app.jobs.job import Status
from app.web.access import originals_of
from app.web.address import Address, parse_target
from app.web.api.endpoint import answer_model, read_body
from app.web.api.file_answers import file_url
from app.web.api.files import as_copied
from app.web.api.jobs import job_with_saves
from app.web.api.shapes.saves import ParameterValue, SavedLater, SavedNow, SaveRequest
from app.web.api.upload_request import may_upload, upload_path
from app.web.asked import Asked, read_asked
from app.web.auth import require_on_paths
from app.web.forwarding import with_forwarded
from app.web.http.content_type import content_type
from app.web.keys import FILES, INTAKE, SAVES, VARIANTS
from app.web.meta import track_list
from app.web.runs import find_or_start
from app.web.target import raw_target
from transforms.spec import ARTIFACT_NAMES, FILE_FORMATS, HLS_FAMILY, Format

ROUTE: Final = r"/{account}/save/audio/{path:[\s\S]*}"
META_NAME: Final = "/meta.json"


async def save(request: web.Request) -> web.Response:
    """POST /{account}/save/audio/{path}: answered at once for f=meta, otherwise with the job whose result the file will be."""
    account = request.match_info["account"]
    rights = await require_on_paths(request, account, Permission.FILES_DOWNLOAD, Permission.FILES_CREATE)
    body = await read_body(request, SaveRequest)
    asked = await with_forwarded(request, read_asked(_address(request, body)))
    for path in originals_of(asked.address):
        rights.demand(Right.DOWNLOAD, path, asked.address.api)  # what is saved elsewhere may be read there by others
    if asked.spec.format in HLS_FAMILY:
        raise InvalidRequest(f"HLS has many files and is not saved as one; save takes {', '.join(FILE_FORMATS)} and meta.")
    return answer_model(await (_save_meta if asked.spec.format is Format.META else _save_artifact)(request, rights, asked, body))


async def _save_artifact(request: web.Request, rights: Rights, asked: Asked, body: SaveRequest) -> SavedLater:
    saves = request.app[SAVES]
    new = await _new_file(request, rights, asked, body)
    await request.app[FILES].check_destination(new.account, new.path, may_overwrite=new.may_overwrite)
    job = await find_or_start(request, asked)
    await saves.note(job.id, new)
    job = await request.app[VARIANTS].wait(job, 0)
    if job.status is Status.SUCCEEDED and job.result is not None:
        await saves.carry_out(job.account, job.id, job.result)
    return SavedLater.model_validate({**await job_with_saves(request, job), "async": True})


async def _save_meta(request: web.Request, rights: Rights, asked: Asked, body: SaveRequest) -> SavedNow:
    tracks, _ = await track_list(request, asked)
    content = json.dumps(tracks).encode()

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    record = await request.app[INTAKE].take(await _new_file(request, rights, asked, body), pieces())
    url = file_url(request, asked.address.account, record.path)
    return SavedNow(account_id=asked.address.account, file_path=record.path, file_url=url, summary=tracks)


def _address(request: web.Request, body: SaveRequest) -> Address:
    """The variant's address: that of the request without `save/`, and the parameters of the body behind those of the URL."""
    account = request.match_info["account"]
    address = parse_target(raw_target(request).replace(f"/{account}/save/", f"/{account}/", 1))
    given = body.extended_params or []
    groups = given if isinstance(given, list) else [given]
    return replace(address, params=(*address.params, *(pair for group in groups for pair in _pairs(group))), artifact=None)


def _pairs(group: Mapping[str, ParameterValue]) -> list[tuple[str, str]]:
    return [(name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in group.items()]


async def _new_file(request: web.Request, rights: Rights, asked: Asked, body: SaveRequest) -> NewFile:
    source = await request.app[FILES].details(asked.address.account, asked.address.path, asked.forwarded)
    name = ARTIFACT_NAMES.get(asked.spec.format, META_NAME)
    original_name = PurePosixPath(asked.address.path).stem + PurePosixPath(name).suffix
    copied = as_copied(body.metadata, body.tags)
    path = upload_path(body.destination, original_name)
    return NewFile(
        account=asked.address.account,
        path=path,
        described=copied.apply(Described(content_type(name), original_name, source.metadata, source.tags)),
        may_overwrite=may_upload(rights, path, copied.tags or ()),
    )
