"""The interface of everything that bus subscribers publish to."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol

Message = str | bytes | Callable[[Hashable], str | bytes]


class Channel(Protocol):
    """Where messages go: raw WebSockets (`Fanout`), games (`Games`), a Socket.IO room (`RoomChannel`).

    Another transport, such as an MQTT topic, implements these three methods and is subscribed in `hub.subscriptions`.
    """

    def publish(self, message: Message, key: Hashable = None, skip: object = None) -> object:
        """Queue a message for every listener but `skip`. Never blocks.

        str is text, bytes are binary. A callable is called only when there are listeners, once for each distinct
        variant among them (a fan-out's listeners differ by host name) with that variant. A newer message with the same
        `key` replaces an older one where the drop policy is `NewestPerKey`.
        """

    def status(self) -> dict[str, Any]:
        """Counters for the status page."""

    def close(self) -> None:
        """Disconnect every listener."""
