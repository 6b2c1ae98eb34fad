"""Which URLs may be opened at all, before anything is looked up: scheme, port, and the form in which the host is written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from yarl import URL

from storage.fetch.addresses import IPAddress, is_public
from storage.fetch.errors import UrlRefused

PORTS: Final = frozenset({80, 443, 8080, 8443})
MAX_URL_BYTES: Final = 2048

_SPECIAL: Final = re.compile(r"[\x00-\x20\x7f\\]")  # what parsers of URLs disagree about
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """A host that an operator trusts: it may have any address, and besides the usual ports this one."""

    name: str
    port: int | None = None


def parse_allowed(text: str) -> AllowedHost:
    """Read 'files.example' or 'files.example:9000'; raises ValueError."""
    url = URL(f"http://{text}")
    if not url.raw_host or url.path not in ("", "/") or url.query_string or url.user:
        raise ValueError(f"'{text}' is no host, such as files.example or files.example:9000")
    return AllowedHost(_name(url), url.explicit_port)


class Rules:
    """What may be opened. `allowed` are the operator's own hosts."""

    def __init__(self, allowed: Iterable[AllowedHost] = ()) -> None:
        self._allowed = tuple(allowed)
        self._names = frozenset(host.name for host in self._allowed)

    def is_trusted(self, name: str) -> bool:
        """Whether the operator has allowed the host, whatever its address."""
        return name.rstrip(".").lower() in self._names

    def check(self, text: str) -> URL:
        """The URL, fit to be opened once its name's addresses are checked too; raises UrlRefused."""
        url = _parse(text)
        name = _name(url)
        if url.port not in PORTS and AllowedHost(name, url.port) not in self._allowed:
            raise UrlRefused(f"URLs with the port {url.port} are not opened; allowed are {', '.join(map(str, sorted(PORTS)))}.")
        if not self.is_trusted(name):
            self.check_address(_literal(name), name)
        return url

    def check_address(self, address: IPAddress | None, name: str) -> None:
        """Raise UrlRefused when this address of the host is not public."""
        if address is not None and not is_public(address):
            raise UrlRefused(f"The host '{name}' is not in the public internet.")


def _parse(text: str) -> URL:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_URL_BYTES:
        raise UrlRefused(f"URLs of more than {MAX_URL_BYTES} bytes are not opened.")
    try:
        url = URL(text)
        has_host = bool(url.raw_host) and url.port is not None
    except ValueError:
        raise UrlRefused("This is not a URL.") from None
    if _SPECIAL.search(text):
        raise UrlRefused("A URL has no spaces, control characters and backslashes.")
    if url.scheme not in ("http", "https") or not has_host:
        raise UrlRefused("Only http:// and https:// URLs are opened.")
    if url.raw_user is not None or url.raw_password is not None:
        raise UrlRefused("URLs with a user or a password are not opened.")
    return url.with_fragment(None)


def _name(url: URL) -> str:
    """The host in ASCII and lower case, without the root's dot: what is compared, looked up and sent."""
    return (url.raw_host or "").rstrip(".").lower()


def _literal(name: str) -> IPAddress | None:
    """The address, if the host is written as one; None for names. Raises UrlRefused for any but the usual notation.

    The C library reads '2130706433', '0x7f.1' and '0177.0.0.1' as addresses: whatever ends in a number must be one as RFC 3986 has it
    (the rule of https://url.spec.whatwg.org/#ends-in-a-number-checker).
    """
    try:
        if ":" in name:
            return IPv6Address(name)
        if _NUMERIC_LABEL.fullmatch(name.rpartition(".")[2]):
            return IPv4Address(name)
    except ValueError:
        raise UrlRefused(f"The host '{name}' is not a usual way to write an address.") from None
    return None
