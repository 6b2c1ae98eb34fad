"""What request handlers find in the application: built once by the wiring, never replaced."""

from typing import Final

from aiohttp import web

from app.files.folders import Folders
from app.files.originals import Originals
from app.files.probes import Probes
from app.jobs.jobs import Jobs
from app.live.viewing import Viewing
from app.produce import Workshop
from app.variants import Variants
from app.web.bodies import Bodies
from app.web.public_url import PublicUrl
from storage.store import Store

JOBS: Final = web.AppKey("jobs", Jobs)
ORIGINALS: Final = web.AppKey("originals", Originals)
BODIES: Final = web.AppKey("bodies", Bodies)
PUBLIC_URL: Final = web.AppKey("public_url", PublicUrl)
VIEWING: Final = web.AppKey("viewing", Viewing)
VARIANTS: Final = web.AppKey("variants", Variants)
PROBES: Final = web.AppKey("probes", Probes)
WORKSHOP: Final = web.AppKey("workshop", Workshop)
STORE: Final = web.AppKey("store", Store)
FOLDERS: Final = web.AppKey("folders", Folders)
