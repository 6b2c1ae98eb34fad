"""The Job API (CONTRACT 7): one job, the ten newest, and cancelling."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from app.accounts.permissions import Permission
from app.errors import JobNotFound
from app.files.save_rows import Save
from app.jobs.job import Job, Status
from app.web.auth import require
from app.web.cache_control import NO_STORE
from app.web.json_answer import json_answer
from app.web.keys import JOBS, PUBLIC_URL, SAVES
from app.web.wire import api_job

NEWEST: Final = 10
AUDIO_JOB_TYPES: Final = frozenset({"ProcessFileJob", "ProcessAudioJob"})
"""Two names of the same jobs (CONTRACT 7)."""


async def get_job(request: web.Request) -> web.Response:
    """GET …/jobs/{jobType}/{jobId}."""
    return json_answer(await job_with_saves(request, await _job(request, Permission.JOBS_READ)))


async def job_with_saves(request: web.Request, job: Job) -> dict[str, Any]:
    """The job, and in its summary what became of the files that its artifact was to be saved as."""
    shown = api_job(job, _base(request))
    saves = await request.app[SAVES].of_job(job.id) if job.status is Status.SUCCEEDED else ()
    if saves:
        shown["summary"] = {**shown["summary"], "saves": [_save(save) for save in saves]}
    return shown


def _save(save: Save) -> dict[str, Any]:
    error = None if save.error is None else {"code": save.error[0], "message": save.error[1]}
    return {"filePath": save.new.path, "status": save.state.value, "error": error}


async def list_jobs(request: web.Request) -> web.Response:
    """GET …/jobs?jobType=…: the newest first; `{"items": […]}`."""
    account = request.match_info["account"]
    await require(request, account, Permission.JOBS_READ)
    newest = await request.app[JOBS].newest(account, sorted(_asked_types(request.query)), NEWEST)
    return json_answer({"items": [api_job(job, _base(request)) for job in newest]})


async def cancel_job(request: web.Request) -> web.Response:
    """DELETE …/jobs/{jobType}/{jobId}: 204, also for a job that has ended already."""
    job = await _job(request, Permission.JOBS_CANCEL)
    await request.app[JOBS].cancel(job.account, job.id)
    return web.Response(status=204, headers={"Cache-Control": NO_STORE})


async def _job(request: web.Request, permission: Permission) -> Job:
    """The job of the address; raises what `require` raises, and JobNotFound, also where its type is another one."""
    account, job_type, job_id = (request.match_info[name] for name in ("account", "job_type", "job_id"))
    await require(request, account, permission)
    job = await request.app[JOBS].get(account, job_id)
    if job is None or job.type not in _names(job_type):
        raise JobNotFound(job_id)
    return job


def _base(request: web.Request) -> str:
    return request.app[PUBLIC_URL].base(request)


def _asked_types(query: Mapping[str, str]) -> frozenset[str]:
    """From `jobType=A`, and from the npm client's `0=A&1=B`; none asked: the audio jobs."""
    asked = [_names(value) for name, value in query.items() if name == "jobType" or name.isdecimal()]
    return frozenset().union(*asked) if asked else AUDIO_JOB_TYPES


def _names(job_type: str) -> frozenset[str]:
    return AUDIO_JOB_TYPES if job_type in AUDIO_JOB_TYPES else frozenset({job_type})
