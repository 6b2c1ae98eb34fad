"""The only look-up: every address of a name is checked, and the connection goes to one of exactly these (no DNS rebinding)."""

import socket
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from storage.fetch.errors import UrlRefused
from storage.fetch.urls import Rules


class CheckedResolver(AbstractResolver):
    """Looks up with `inner`; one address that is not public refuses the name."""

    def __init__(self, inner: AbstractResolver, rules: Rules) -> None:
        self._inner = inner
        self._rules = rules

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Addresses to connect to; raises UrlRefused, and OSError when there are none."""
        found = await self._inner.resolve(host, port, family)
        if not self._rules.is_trusted(host):
            for result in found:
                try:
                    address = ip_address(result["host"])
                except ValueError:
                    raise UrlRefused(f"The host '{host}' has an address that cannot be read.") from None
                self._rules.check_address(address, host)
        return found

    async def close(self) -> None:
        """End the inner look-ups."""
        await self._inner.close()
