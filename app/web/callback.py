"""`callback=`: a URL that is told when the job of this request has ended. Part of the delivery, not of the variant."""

from aiohttp import web

from app.errors import Conflict
from app.jobs.job import LIVE, Job
from app.web.asked import Asked
from app.web.keys import DELIVERIES, FETCHER
from storage.fetch.errors import UrlRefused
from transforms.errors import InvalidParameter
from transforms.spec import REAL_TIME_FAMILY, Format


def check_callback(request: web.Request, asked: Asked) -> None:
    """Refuse a URL that we would never call, before anything begins. Formats that answer at once have no callback."""
    if asked.delivery.callback is None or is_answered_at_once(asked):
        return
    try:
        request.app[FETCHER].check(asked.delivery.callback)
    except UrlRefused as error:
        raise InvalidParameter("callback", asked.delivery.callback, str(error)) from None


async def ask_callback(request: web.Request, asked: Asked, job: Job) -> None:
    """Note who wants to know; polls of the same URL are no second call."""
    url = asked.delivery.callback
    if url is None or is_answered_at_once(asked) or request.method == "HEAD":
        return
    if not await request.app[DELIVERIES].ask(job.account, job.id, url, has_ended=job.status not in LIVE):
        raise Conflict("This job has as many callbacks as a job can have.")


def is_answered_at_once(asked: Asked) -> bool:
    """Playlists, pages and metadata are answered in the request itself."""
    return asked.spec.format in REAL_TIME_FAMILY or asked.spec.format is Format.META
