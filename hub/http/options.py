"""Options of the server: addresses, limits and timeouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class ServerOptions:
    """Options of a `hub.http.server.HubServer`; times in seconds, sizes in bytes, a side port of 0 is off."""

    host: str = "0.0.0.0"
    port: int = 5000
    side_ports: Mapping[str, int] = field(default_factory=dict)
    max_body_bytes: int = 64 * MEGABYTE
    max_message_bytes: int = 64 * MEGABYTE
    max_connections: int = 2000
    connections_per_address: int = 500
    trusted_proxy: str = ""
    memory_bytes: int = 192 * MEGABYTE
    max_head_bytes: int = 32 * 1024
    head_seconds: float = 10.0
    keep_alive_seconds: float = 75.0
    body_stall_seconds: float = 20.0
    body_seconds: float = 120.0
    message_seconds: float = 60.0
    send_stall_seconds: float = 30.0
    # A board whose camera loop stalls answers a ping late, and one that is dropped may never reconnect: it has over
    # 60 s (docs/wire/apriltag.md 5.4), and a half-open connection is still closed within 90 s.
    ping_seconds: float = 20.0
    idle_seconds: float = 82.0
    close_seconds: float = 3.0
