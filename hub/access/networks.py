"""IP addresses and networks of senders, IPv4 and IPv6."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_CACHED = 4096


def parse_address(text: str) -> Address | None:
    """Parse an address, an IPv4-mapped IPv6 one as IPv4; None where the text is no address."""
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    return parse_address(text) is not None


@lru_cache(maxsize=MAX_CACHED)
def is_loopback(text: str) -> bool:
    """Whether an address is in 127.0.0.0/8 (also IPv4-mapped) or is ::1."""
    address = parse_address(text)
    return address is not None and address.is_loopback


class Networks:
    """A set of networks: `address in networks`, cached by address."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(text, strict=False) for text in texts]
        self._cache: dict[str, bool] = {}

    def __contains__(self, text: str) -> bool:
        found = self._cache.get(text)
        if found is None:
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()
            address = parse_address(text)
            found = self._cache[text] = address is not None and any(address in network for network in self._networks)
        return found
