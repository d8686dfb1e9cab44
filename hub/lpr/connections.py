"""The number of open connections of cameras."""

from __future__ import annotations

from hub.context import Hub
from hub.socketio.internals import connection_count


class Connections:
    """Counts Socket.IO connections and the raw WebSockets of cameras."""

    def __init__(self, hub: Hub) -> None:
        self._server = hub.socketio.server
        self.raw_websockets = 0

    def count(self) -> int:
        """Open connections now."""
        return connection_count(self._server) + self.raw_websockets
