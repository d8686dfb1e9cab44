"""WebSockets and Socket.IO as the document lists them under `x-websockets`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Channel:
    """A WebSocket address, or Socket.IO. `document`: the page of docs/wire that has its messages, field by field."""

    path: str
    protocol: str  # "websocket", "socket.io" or "udp"
    summary: str
    listeners: tuple[str, ...] = ()  # those where it is served; none: all
    receives: Mapping[str, str] = field(default_factory=dict)  # message of a client -> what it does
    sends: Mapping[str, str] = field(default_factory=dict)  # message of the hub -> when it is sent
    document: str = ""
