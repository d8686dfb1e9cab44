"""Addresses that an operator types into devices."""

from __future__ import annotations

from dataclasses import dataclass

TLS_SCHEMES = {"http": "https", "ws": "wss"}


@dataclass(frozen=True)
class DeviceAddress:
    """What connects to a listener; shown in the start text in the order of `position`, while the listener is open."""

    listener: str
    description: str
    scheme: str
    path: str = ""
    position: int = 0

    def url(self, host: str, port: int, tls: bool = False) -> str:
        """The address for a host name or IP address of this machine; `tls`: the TCP ports speak TLS."""
        scheme = TLS_SCHEMES.get(self.scheme, self.scheme) if tls else self.scheme
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{self.path}"
