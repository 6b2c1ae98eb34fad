"""Which IP addresses lie in the public internet: decided from lists of ours, because `ipaddress.is_global` differs between versions.

Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), RFC 5214 for ISATAP. Relays and translations
(6to4, Teredo, NAT64, ISATAP, mapped and compatible forms) are refused whatever IPv4 address stands in them: nobody serves there.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

IPAddress = IPv4Address | IPv6Address

_NOT_PUBLIC_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and every cloud's metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT relays
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Everything but global unicast is refused: ::1, fc00::/7, fe80::/10, ff00::/8, ::/96, ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48 …
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, among them Teredo (2001::/32), ORCHID and benchmarking
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_ISATAP_IDENTIFIER: Final = 0x5EFE  # RFC 5214 6.1: ::0:5efe:a.b.c.d, or ::200:5efe:a.b.c.d with the "universal" bit


def is_public(address: IPAddress) -> bool:
    """Whether the address is one that anybody on the internet could reach."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    if address.scope_id is not None or address not in _GLOBAL_UNICAST or _is_isatap(address):
        return False
    return not any(address in network for network in _NOT_PUBLIC_V6)


def _is_isatap(address: IPv6Address) -> bool:
    identifier = (int(address) >> 32) & 0xFFFF_FFFF
    return identifier & ~0x0200_0000 == _ISATAP_IDENTIFIER
