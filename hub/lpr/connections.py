"""The number of open connections of cameras."""

from __future__ import annotations

from typing import Any, cast

from hub.context import Hub


class Connections:
    """Counts Socket.IO connections and the raw WebSockets of cameras."""

    def __init__(self, hub: Hub) -> None:
        self._server: Any = cast(Any, hub.socketio).server  # the type stubs lack it
        self.raw_websockets = 0

    def count(self) -> int:
        """Open connections now."""
        return len(self._server.eio.sockets) + self.raw_websockets
