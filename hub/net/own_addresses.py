"""The addresses of this machine."""

from __future__ import annotations

import socket

import psutil


def network_addresses() -> list[str]:
    """This machine's IPv4 addresses, loopback first."""
    found = {"127.0.0.1"}
    for rows in psutil.net_if_addrs().values():
        found.update(row.address for row in rows if row.family == socket.AF_INET)
    return sorted(found, key=lambda address: (not address.startswith("127."), address))
