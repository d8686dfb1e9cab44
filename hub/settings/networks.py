"""Checks of settings that are networks."""

from __future__ import annotations

import ipaddress


def require_networks(value: list[str]) -> list[str]:
    """`value` unchanged, where each text is a network or an address. Raises ValueError."""
    for text in value:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise ValueError(f"{text[:80]!r} is no network such as 192.168.1.0/24 and no address") from error
    return value
