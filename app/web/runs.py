"""The job that answers a request: the one there is, or a new one, where the request may begin a run."""

from aiohttp import web

from app.errors import CacheMiss, TransformationNotFound
from app.jobs.job import Job
from app.web.asked import Asked
from app.web.hls import broke_off
from app.web.keys import VARIANTS
from app.web.rate_limit import count_start


async def find_or_start(request: web.Request, asked: Asked) -> Job:
    """The variant's job. Raises CacheMiss and TransformationNotFound for a request that must not start one, RateLimited, and what
    `Variants.start` raises."""
    variants = request.app[VARIANTS]
    job = await variants.find(asked.new_job)
    if job is None or broke_off(asked, job):
        _refuse_cold(request, asked)
        count_start(request)
        job = await variants.start(asked.new_job, instead_of=job)
    return job


def _refuse_cold(request: web.Request, asked: Asked) -> None:
    """What must not start a run (CONTRACT 3, "What starts a run", and 9)."""
    if asked.delivery.cache_only:
        raise CacheMiss
    if request.method == "HEAD":
        raise TransformationNotFound("This variant has not been made yet: a GET starts it.")
