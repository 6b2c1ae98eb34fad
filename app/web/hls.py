"""HLS over HTTP: master, media lists and segments, while the variant is encoded and for ever after (CONTRACT 3)."""

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Final

from aiohttp import web

from app.errors import ArtifactNotFound, Overloaded, RateLimited
from app.jobs.job import LIVE, Job, Status
from app.jobs.stream import PlaylistForm, Stream
from app.live.listing import growing_list, master, whole_list
from app.live.publishing import Folder
from app.live.viewing import Patience
from app.metrics import FIRST_SOUND_SECONDS
from app.web.access import grant_of
from app.web.address import parse_target
from app.web.asked import Asked
from app.web.cache_control import Lifetime, cache_control
from app.web.http.bodies import StoredBody
from app.web.http.content_type import content_type
from app.web.http.serve import Representation, serve_bytes, serve_file
from app.web.json_answer import json_answer
from app.web.keys import BODIES, PUBLIC_URL, STORE, VIEWING
from app.web.links import Links, links
from app.web.target import raw_target
from app.web.wire import cdn_job
from transforms.errors import TrimStartExceedsDuration
from transforms.hls.names import MASTER, MediaList, Name, Segment, parse_name
from transforms.spec import REAL_TIME_FAMILY

MASTER_SECONDS: Final = 30.0
"""What a first answer may take; longer means that the machine has too much to do."""

SEGMENT_SECONDS: Final = 5.5
"""A listed segment is answered within 6 s: players time out, and some never recover (ENGINE 6)."""

RETRY_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class _Viewer:
    """One request for a file of an HLS variant."""

    request: web.Request
    asked: Asked

    def patience(self, seconds: float) -> Patience:
        def left() -> bool:
            return self.request.transport is None or self.request.transport.is_closing()

        return Patience(seconds, left)

    def links(self, target: str) -> Links:
        """The links of a list; they carry on what the origin must be told and, of a private file, what has opened it."""
        grant = grant_of(self.request)
        forwarded = self.asked.forwarded
        opened = grant.of_variant(parse_target(target), forwarded) if grant else ""
        return links(target, self.request.app[PUBLIC_URL].path, "&".join(part for part in (forwarded, opened) if part))

    def lifetime(self, job: Job) -> Lifetime:
        return Lifetime.SETTLED if job.status is Status.SUCCEEDED else Lifetime.ENCODING


async def answer_hls(request: web.Request, asked: Asked, job: Job) -> web.StreamResponse:
    """A file of the variant whose job this is: held until it exists, or refused within the bounds above."""
    viewer = _Viewer(request, asked)
    name = MASTER if asked.address.artifact is None else parse_name(asked.address.artifact)
    if isinstance(name, Segment):
        job = await request.app[VIEWING].segment(job, name.index, viewer.patience(SEGMENT_SECONDS))
    else:
        begun, cold = monotonic(), job.stream is None
        job = await request.app[VIEWING].begun(job, viewer.patience(MASTER_SECONDS))
        if cold and job.stream is not None:
            FIRST_SOUND_SECONDS.observe(monotonic() - begun)
    if job.stream is None:
        return _refuse(viewer, job, name)
    return await _answer(viewer, job, job.stream, name)


def broke_off(asked: Asked, job: Job) -> bool:
    """Whether a request for the master finds an encode that ended half-way: such a request begins a new one."""
    half_way = job.stream is not None and job.failure is not None and not job.failure.final
    return half_way and asked.spec.format in REAL_TIME_FAMILY and asked.address.artifact in (None, MASTER.artifact)


async def _answer(viewer: _Viewer, job: Job, stream: Stream, name: Name | None) -> web.StreamResponse:
    if isinstance(name, Segment):
        return await _segment(viewer, job, stream, name)
    if job.status in (Status.FAILED, Status.CANCELLED) and stream.form is PlaylistForm.VOD:
        return _refuse(viewer, job, name)
    if isinstance(name, MediaList):
        return await _media_list(viewer, job, stream, name)
    return _master(viewer, job, stream)


def _master(viewer: _Viewer, job: Job, stream: Stream) -> web.Response:
    target = raw_target(viewer.request)
    if job.status is not Status.SUCCEEDED and stream.form is PlaylistForm.EVENT:
        # So that a list keeps its form at its address when the variant is finished meanwhile.
        target = _as_event(target)
    text = master(stream, viewer.links(target).to)
    return _playlist(viewer, text, viewer.lifetime(job) if stream.bandwidths else Lifetime.CHANGING)


async def _media_list(viewer: _Viewer, job: Job, stream: Stream, name: MediaList) -> web.Response:
    if name.rendition >= len(stream.renditions):
        raise ArtifactNotFound(name.artifact)
    link = viewer.links(raw_target(viewer.request)).to
    done = job.status is Status.SUCCEEDED
    if (viewer.asked.delivery.playlist if done else stream.form) is PlaylistForm.VOD:
        return _playlist(viewer, whole_list(stream, name.rendition, link), viewer.lifetime(job))
    published = stream.segments if done else await viewer.request.app[VIEWING].published(job)
    text = growing_list(stream, name.rendition, published, ended=job.status not in LIVE, link=link)
    return _playlist(viewer, text, Lifetime.SETTLED if done else Lifetime.CHANGING)


async def _segment(viewer: _Viewer, job: Job, stream: Stream, name: Segment) -> web.StreamResponse:
    if name.rendition >= len(stream.renditions) or name.index >= stream.segments:
        raise ArtifactNotFound(name.artifact)
    store = viewer.request.app[STORE]
    stat = await Folder(store, job, stream).find(name.rendition, name.index)
    if stat is None:
        return _refuse(viewer, job, name)
    shown = Representation(
        # A published segment is never rewritten, so its name is as good as its bytes.
        etag=f"{job.id}-{stream.attempt_of(name.index)}-{name.rendition}-{name.index}",
        content_type=content_type(name.artifact),
        cache_control=cache_control(viewer.lifetime(job), viewer.asked.delivery),
    )
    body = StoredBody(stat.key, stat.size_bytes, lambda: store.borrow(stat.key))
    return await serve_file(viewer.request, shown, body, viewer.request.app[BODIES])


def _playlist(viewer: _Viewer, text: str, lifetime: Lifetime) -> web.Response:
    body = text.encode()
    shown = Representation(
        etag=hashlib.sha256(body).hexdigest()[:32],
        content_type=content_type(MASTER.artifact),
        cache_control=cache_control(lifetime, viewer.asked.delivery),
    )
    return serve_bytes(viewer.request, shown, body)


def _refuse(viewer: _Viewer, job: Job, name: Name | None) -> web.Response:
    """What cannot be had: the job that has ended, or word that it takes longer than it may.

    Overload is told at the lists; a 5xx for a segment would take a rendition away from players, or the whole sound (ENGINE 6).
    """
    if job.status in LIVE and isinstance(name, Segment):
        raise RateLimited("This part of the sound takes longer than it should. Please ask again.", 1)
    if job.status in LIVE:
        raise Overloaded("The encoder has too much to do at the moment. Please try again.", RETRY_SECONDS)
    return json_answer(cdn_job(job, viewer.request.app[PUBLIC_URL].base(viewer.request)), status=_refusal_status(job))


def _refusal_status(job: Job) -> HTTPStatus:
    if job.failure is None:
        return HTTPStatus.GONE
    known_before = job.failure.code == TrimStartExceedsDuration.code and job.stream is None
    return HTTPStatus.BAD_REQUEST if known_before else HTTPStatus.UNPROCESSABLE_ENTITY


def _as_event(target: str) -> str:
    """The same address asked for with `playlist=event`."""
    if any(pair.partition("=")[0] == "playlist" for pair in target.replace("!", "&").replace("?", "&").split("&")):
        return target
    return target + ("&" if "!" in target or "?" in target else "?") + "playlist=event"
