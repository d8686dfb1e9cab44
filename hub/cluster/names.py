"""Names of the hubs' channels and keys in Redis."""

from __future__ import annotations

RAW = "socketio"
"""The topic of python-socketio's messages, which have their own form and whose channel has the name of the topic."""


class Names:
    """The names below one prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.hubs = f"{prefix}:hubs"  # the channel on which hubs introduce themselves, and the set of their ids
        self._head = f"{prefix}:live:"

    def hub(self, hub_id: str) -> str:
        """The key of what a hub has said of itself last."""
        return f"{self._prefix}:hub:{hub_id}"

    def channel(self, topic: str) -> str:
        """The channel of a topic."""
        return f"{self._prefix}:{RAW}" if topic == RAW else f"{self._head}{topic}"

    def topic(self, channel: bytes) -> str:
        """The topic of a channel, "" for any other."""
        name = channel.decode("utf-8", "replace")
        if name == f"{self._prefix}:{RAW}":
            return RAW
        return name[len(self._head) :] if name.startswith(self._head) else ""
