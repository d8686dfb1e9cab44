"""The exception of a closed WebSocket."""

from __future__ import annotations

from geventwebsocket.exceptions import WebSocketError


class WebSocketClosed(WebSocketError):  # type: ignore[misc]  # gevent-websocket has no type hints
    """Nothing can be sent any more; `code` is the close code of the connection."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"The WebSocket is closed ({code}{': ' + reason if reason else ''}).")
        self.code = code
