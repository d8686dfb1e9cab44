"""Addresses and networks of senders, IPv4 and IPv6 alike."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_REMEMBERED = 4096


def parse_address(text: str) -> Address | None:
    """The address of a text, an IPv4 one where it is written as IPv6; None when it is none."""
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def is_address(text: str) -> bool:
    return parse_address(text) is not None


@lru_cache(maxsize=MAX_REMEMBERED)
def is_loopback(text: str) -> bool:
    """127.0.0.0/8, ::1 and 127.0.0.0/8 written as IPv6."""
    address = parse_address(text)
    return address is not None and address.is_loopback


class Networks:
    """`address in networks`, quick for addresses that come again and again."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(text, strict=False) for text in texts]
        self._known: dict[str, bool] = {}

    def __contains__(self, text: str) -> bool:
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            address = parse_address(text)
            found = self._known[text] = address is not None and any(address in network for network in self._networks)
        return found
