"""Who counts as one at the door: an address, and the network it stands in."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

# A household gets at least a /64 of IPv6 and often a /56 or /48 (RFC 6177), so whoever holds one could come from
# another address each time. The smallest part of IPv4 that is routed by itself is a /24.
ADDRESS = {4: 32, 6: 64}
NETWORK = {4: 24, 6: 48}


@lru_cache(maxsize=4096)
def address(ip: str) -> str:
    """What counts as one address: the IPv4 address, or the /64 of an IPv6 one. What is no address stands for itself."""
    return _within(ip, ADDRESS)


@lru_cache(maxsize=4096)
def network(ip: str) -> str:
    """The network around an address: the /24 of IPv4, the /48 of IPv6. What is no address stands for itself."""
    return _within(ip, NETWORK)


def is_ours(ip: str) -> bool:
    """Whether that is this machine itself."""
    try:
        return ipaddress.ip_address(ip.partition("/")[0]).is_loopback
    except ValueError:
        return False


def _within(ip: str, widths: dict[int, int]) -> str:
    try:
        parsed = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ip[:64]
    # One IPv4 host is the same whether it came over a socket of both kinds (RFC 4291 2.5.5.2) or not.
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ipaddress.ip_network((parsed, widths[parsed.version]), strict=False))
