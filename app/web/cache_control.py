"""How long an answer may be kept by browsers and the edge: CONTRACT 3, "Cache-Control", as one decision."""

from enum import Enum, auto
from typing import Final

from app.web.delivery import Delivery

NO_STORE: Final = "no-store"
PRIVATE_ONLY: Final = "private, no-store"
"""Every answer about a file of a private folder, whatever it is: `app.web.cors` writes it last."""

IMMUTABLE: Final = "public, max-age=31536000, immutable"
UNVERSIONED_SECONDS: Final = 3600  # a reset may replace the bytes; the ETag revalidates after that
ENCODING_SECONDS: Final = 60


class Lifetime(Enum):
    """What kind of answer it is, apart from what the request asked."""

    SETTLED = auto()
    """Finished artifacts, segments and playlists, originals, metadata."""
    ENCODING = auto()
    """Segments of a variant that is still being encoded."""
    CHANGING = auto()
    """Job JSON, playlists that grow, the closed list of a failed job."""


def cache_control(lifetime: Lifetime, delivery: Delivery) -> str:
    """The header's value. `cache_ttl` overrides what is settled; 0 means asking again each time."""
    match lifetime:
        case Lifetime.CHANGING:
            return NO_STORE
        case Lifetime.ENCODING:
            return f"public, max-age={ENCODING_SECONDS}"
        case Lifetime.SETTLED:
            return _settled(delivery)


def missing_cache_control(delivery: Delivery) -> str:
    """The value for a 404: kept only for as long as `cache_ttl_404` says."""
    return f"public, max-age={delivery.cache_ttl_404_seconds}" if delivery.cache_ttl_404_seconds else NO_STORE


def _settled(delivery: Delivery) -> str:
    if delivery.cache_ttl_seconds == 0:
        return "public, no-cache"
    if delivery.cache_ttl_seconds is not None:
        return f"public, max-age={delivery.cache_ttl_seconds}"
    return IMMUTABLE if delivery.version is not None else f"public, max-age={UNVERSIONED_SECONDS}"
