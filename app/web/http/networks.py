"""Which network a peer belongs to: for proxies that are believed, and scrapers that are let in."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_within(remote: str | None, networks: Sequence[Network]) -> bool:
    """Whether the peer's address lies in one of the networks. A Unix socket has no address: no."""
    if not networks or not remote:
        return False
    address = ip_address(remote.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)  # how a dual-stack socket shows an IPv4 peer
    return any((mapped or address) in network for network in networks)
