"""What request handlers find in the application: built once by the wiring, never replaced."""

from typing import Final

from aiohttp import web

from app.access.secure_urls import SecureUrlKeys
from app.access.sessions import Sessions
from app.accounts.certificates import Certificates
from app.accounts.keys import ApiKeys
from app.callbacks.deliveries import Deliveries
from app.callbacks.subscriptions import Subscriptions
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
from app.ledger import Ledger
from app.live.viewing import Viewing
from app.produce import Workshop
from app.rates import RateLimits
from app.signing.keys import SigningKeys
from app.signing.requests import RequestSigner
from app.variants import Variants
from app.web.http.bodies import Bodies
from app.web.http.public_url import PublicUrl
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
LEDGER: Final = web.AppKey("ledger", Ledger)
API_KEYS: Final = web.AppKey("api_keys", ApiKeys)
SECURE_URL_KEYS: Final = web.AppKey("secure_url_keys", SecureUrlKeys)
CERTIFICATES: Final = web.AppKey("certificates", Certificates)
SESSIONS: Final = web.AppKey("sessions", Sessions)
RATE_LIMITS: Final = web.AppKey("rate_limits", RateLimits)
SIGNING_KEYS: Final = web.AppKey("signing_keys", SigningKeys)
REQUEST_SIGNER: Final = web.AppKey("request_signer", RequestSigner)
DELIVERIES: Final = web.AppKey("deliveries", Deliveries)
SUBSCRIPTIONS: Final = web.AppKey("subscriptions", Subscriptions)
