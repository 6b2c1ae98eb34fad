"""What the web door knows callers by, and what it tells others with: put together, and hung where the handlers find it."""

from aiohttp import web

from app.access.secure_urls import SecureUrlKeys
from app.access.sessions import Sessions
from app.accounts.certificates import Certificates
from app.accounts.keys import ApiKeys
from app.callbacks.deliveries import Deliveries
from app.callbacks.subscriptions import Subscriptions
from app.ledger import Ledger
from app.rates import RateLimits
from app.signing.keys import SigningKeys
from app.signing.requests import RequestSigner
from app.signing.sealing import Sealing
from app.web.keys import (
    API_KEYS,
    CERTIFICATES,
    DELIVERIES,
    LEDGER,
    RATE_LIMITS,
    REQUEST_SIGNER,
    SECURE_URL_KEYS,
    SESSIONS,
    SIGNING_KEYS,
    SUBSCRIPTIONS,
)
from storage.db import Database


def fit_entrance(app: web.Application, database: Database, sealing: Sealing, limits: RateLimits) -> None:
    """Everything of it, on one database."""
    api_keys = ApiKeys(database)
    certificates = Certificates(database)
    app[API_KEYS] = api_keys
    app[RATE_LIMITS] = limits
    app[LEDGER] = Ledger(database)
    app[SECURE_URL_KEYS] = SecureUrlKeys(api_keys, sealing)
    app[CERTIFICATES] = certificates
    app[SESSIONS] = Sessions(certificates)
    signing_keys = SigningKeys(database, sealing)
    app[SIGNING_KEYS] = signing_keys
    app[REQUEST_SIGNER] = RequestSigner(signing_keys)
    app[DELIVERIES] = Deliveries(database)
    app[SUBSCRIPTIONS] = Subscriptions(database, sealing)
