"""Plain JSON over a raw WebSocket (docs/wire/lpr.md 1.3 and 1.4): one reply for each text frame, in order."""

from __future__ import annotations

import time
from typing import Any

from hub.context import Hub
from hub.contract.errors import RequestError
from hub.contract.json_text import encode_text
from hub.contract.times import local_text
from hub.lpr.contract.record import Test
from hub.lpr.ingest import LARGE, decode_body, take
from hub.lpr.replies import raw_reply
from hub.net.wsgi import Environ
from hub.socketio.internals import connection_count
from hub.websocket.connection import WebSocket
from hub.websocket.routes import limit_messages

PINGS = ("ping", '"ping"')


class CameraSockets:
    """Serves cameras; `open` counts their sockets."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.open = 0

    def serve(self, socket: WebSocket, environ: Environ) -> list[bytes]:
        """Answer a camera until it disconnects, which says nothing: one generation connects anew for each record (docs/wire/lpr.md 1.4)."""
        limit_messages(socket, self._hub.settings.lpr.max_message_mb)
        self.open += 1
        try:
            while (message := socket.receive()) is not None:
                socket.send(encode_text(_answer(self._hub, message, environ)))
        finally:
            self.open -= 1
        return []


def connected_clients(hub: Hub) -> int:
    """Socket.IO connections and raw WebSockets of cameras."""
    return connection_count(hub.socketio.server) + hub.part(CameraSockets).open


def _answer(hub: Hub, message: str | bytes, environ: Environ) -> dict[str, Any]:
    if isinstance(message, str) and len(message) < 20 and message.strip().lower() in PINGS:
        return _pong(hub)
    try:
        accepted = take(
            hub,
            decode_body(message),
            None,
            "websocket",
            environ.get("REMOTE_ADDR", ""),
            len(message) >= LARGE,
            environ.get("HTTP_X_DEVICE_SERIAL", "")[:200],
        )
    except RequestError as error:
        return {"status": "error", **error.body()}
    if isinstance(accepted, Test):
        return _pong(hub)
    return raw_reply(accepted, hub.zone)


def _pong(hub: Hub) -> dict[str, Any]:
    return {
        "status": "success",
        "success": True,
        "type": "pong",
        "message": "pong",
        "timestamp": local_text(time.time(), hub.zone),
    }
