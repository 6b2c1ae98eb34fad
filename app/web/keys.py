"""What request handlers find in the application: built once by the wiring, never replaced."""

from typing import Final

from aiohttp import web

from app.files.originals import Originals
from app.jobs.jobs import Jobs
from app.web.bodies import Bodies
from app.web.public_url import PublicUrl

JOBS: Final = web.AppKey("jobs", Jobs)
ORIGINALS: Final = web.AppKey("originals", Originals)
BODIES: Final = web.AppKey("bodies", Bodies)
PUBLIC_URL: Final = web.AppKey("public_url", PublicUrl)
