"""The crossroads: a request for a variant becomes an answer."""

from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath

from aiohttp import web

from app.errors import ArtifactNotFound
from app.jobs.job import ArtifactFile, Job, Status
from app.web.asked import Asked, ask
from app.web.cache_control import Lifetime, cache_control
from app.web.callback import ask_callback, check_callback
from app.web.cover import answer_cover
from app.web.forwarding import with_forwarded
from app.web.hls import answer_hls
from app.web.http.bodies import StoredBody
from app.web.http.content_type import attachment, content_type
from app.web.http.serve import Representation, serve_file
from app.web.json_answer import json_answer
from app.web.keys import BODIES, PUBLIC_URL, STORE, VARIANTS
from app.web.meta import answer_meta
from app.web.page.player_page import answer_page
from app.web.quote import answer_price
from app.web.recent import ANSWERED_BY
from app.web.redirects import REDIRECTS
from app.web.runs import find_or_start
from app.web.wire import cdn_job
from transforms.spec import REAL_TIME_FAMILY, Format

POLL_SECONDS = "1"


async def variant(request: web.Request) -> web.StreamResponse:
    """GET and HEAD of /{account}/audio/{path}: refuse early, find or start the job, answer with what there is."""
    asked = await with_forwarded(request, ask(request))
    if (answer_at_once := _without_job(asked)) is not None:
        return await answer_at_once(request, asked)
    check_callback(request, asked)
    job = await find_or_start(request, asked)
    request[ANSWERED_BY] = job
    await ask_callback(request, asked, job)
    if asked.spec.format in REAL_TIME_FAMILY:
        return await answer_hls(request, asked, job)
    if asked.address.artifact is None:
        return json_answer(cdn_job(job, request.app[PUBLIC_URL].base(request)))
    if asked.delivery.wait_seconds:
        job = await request.app[VARIANTS].wait(job, asked.delivery.wait_seconds)
    return await _answer_artifact(request, asked, job)


def _without_job(asked: Asked) -> Callable[[web.Request, Asked], Awaitable[web.StreamResponse]] | None:
    """What answers where nothing is encoded: a price, metadata, a cover, the player's page."""
    if asked.dry_run:
        return answer_price
    if asked.spec.format is Format.META:
        return answer_meta if asked.address.artifact is None else answer_cover
    if asked.spec.format is Format.HTML_AAC and asked.address.artifact is None:
        return answer_page
    return None


async def _answer_artifact(request: web.Request, asked: Asked, job: Job) -> web.StreamResponse:
    """The bytes when the job is done; before, a 404 whose body is the job (CONTRACT 3)."""
    assert asked.address.artifact is not None
    if job.status is not Status.SUCCEEDED or job.result is None:
        return _not_yet(request, job)
    if asked.spec.format is Format.HLS_AAC:
        return await answer_hls(request, asked, job)
    file = next((file for file in job.result.artifacts if file.name == asked.address.artifact), None)
    if file is None:
        raise ArtifactNotFound(asked.address.artifact)
    return await _serve(request, asked, job, file)


def _not_yet(request: web.Request, job: Job) -> web.Response:
    ended = job.status in (Status.FAILED, Status.CANCELLED)
    headers = {} if ended else {"Retry-After": POLL_SECONDS}
    return json_answer(cdn_job(job, request.app[PUBLIC_URL].base(request)), status=404, headers=headers)


async def _serve(request: web.Request, asked: Asked, job: Job, file: ArtifactFile) -> web.StreamResponse:
    store = request.app[STORE]
    extra = {}
    if asked.delivery.download:
        extra["Content-Disposition"] = attachment(PurePosixPath(job.path).stem + PurePosixPath(file.name).suffix)
    shown = Representation(
        etag=file.etag,
        content_type=content_type(file.name),
        cache_control=cache_control(Lifetime.SETTLED, asked.delivery),
        extra=extra,
    )
    redirects = request.app.get(REDIRECTS)
    if redirects is not None and (elsewhere := await redirects.answer(request, file, extra.get("Content-Disposition"))) is not None:
        return elsewhere
    body = StoredBody(file.key, file.size_bytes, lambda: store.borrow(file.key))
    return await serve_file(request, shown, body, request.app[BODIES])
