"""What request handlers find in the application: built once by the wiring, never replaced."""

from typing import Final

from aiohttp import web

from app.files.contents import Contents
from app.files.files import Files
from app.files.folders import Folders
from app.files.intake import FileIntake
from app.files.originals import Originals
from app.files.probes import Probes
from app.files.saves import Saves
from app.files.uploads import Uploads
from app.jobs.jobs import Jobs
from app.jobs.orders import Orders
from app.jobs.retention import Retention
from app.live.viewing import Viewing
from app.produce import Workshop
from app.variants import Variants
from app.web.bodies import Bodies
from app.web.public_url import PublicUrl
from storage.fetch.fetcher import Fetcher
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
FILES: Final = web.AppKey("files", Files)
CONTENTS: Final = web.AppKey("contents", Contents)
FOLDERS: Final = web.AppKey("folders", Folders)
UPLOADS: Final = web.AppKey("uploads", Uploads)
SAVES: Final = web.AppKey("saves", Saves)
ORDERS: Final = web.AppKey("orders", Orders)
INTAKE: Final = web.AppKey("intake", FileIntake)
RETENTION: Final = web.AppKey("retention", Retention)
FETCHER: Final = web.AppKey("fetcher", Fetcher)
