"""Interfaces of the transports between the uplink and the hub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from agent_lib.outbox import Entry
from agent_lib.uplink.answer import Answer


class ResultSender(Protocol):
    """A transport that delivers results one by one: `RestUplink`, `WebSocketUplink`."""

    def send(self, entry: Entry) -> Answer:
        """Deliver one result and wait for the answer."""


class RestSender(ResultSender, Protocol):
    """REST: `RestUplink`."""

    def send_status(self, status: dict[str, Any]) -> bool:
        """Send a station status; whether the hub accepted it."""

    def close(self) -> None:
        """Close the connection."""


class SocketIoSender(Protocol):
    """Socket.IO: `SocketIoUplink`."""

    unconfirmed: int

    @property
    def connected(self) -> bool: ...

    def connect(self) -> str:
        """Try to connect once; "" if connected, else the reason."""

    def send(self, entry: Entry) -> Answer | None:
        """Deliver one result and wait for the acknowledgement; None if there is none."""

    def send_status(self, status: dict[str, Any]) -> bool:
        """Send a station status; whether there was a connection."""

    def drop(self) -> None:
        """Close the connection."""


@dataclass(frozen=True)
class HubTransports:
    """The transports to a hub. Status messages have a REST connection of their own, used by another thread."""

    socketio: SocketIoSender
    rest: RestSender
    rest_status: RestSender
