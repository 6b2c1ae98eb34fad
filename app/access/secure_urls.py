"""Keys as signers of URLs: each API key has a secure URL key that is derived, not stored, and counts for as long as the key does."""

from base64 import b64encode
from typing import Final

from cachetools import TTLCache

from app.accounts.keys import ApiKey, ApiKeys
from app.signing.sealing import Sealing

FRESH_SECONDS: Final = 1.0  # a revoked key's URLs end this late at most
REMEMBERED: Final = 1_000


class SecureUrlKeys:
    """Finds keys by the id in a signature; from memory for a second."""

    def __init__(self, api_keys: ApiKeys, sealing: Sealing) -> None:
        self._api_keys = api_keys
        self._sealing = sealing
        self._known: TTLCache[tuple[str, str], tuple[ApiKey | None]] = TTLCache(REMEMBERED, FRESH_SECONDS)

    async def find(self, account: str, key_id: str) -> ApiKey | None:
        """The account's key of this id, or None when there is none or it has ended."""
        place = account, key_id
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = (await self._api_keys.get(account, key_id),)
        (key,) = known
        return None if key is None or key.is_expired else key

    def secret(self, key_id: str) -> bytes:
        """The HMAC secret of a key."""
        return self._sealing.derive(f"secure URL key {key_id}")

    def shown(self, key_id: str) -> str:
        """The same in base64, as whoever signs URLs is given it."""
        return b64encode(self.secret(key_id)).decode()
