"""Raw WebSocket transport of cameras: one JSON reply for each text frame, in order (docs/wire/lpr.md 1.3, 1.4)."""

from __future__ import annotations

import time
from typing import Any

from hub.access.senders import check_sender, count_message
from hub.context import Hub
from hub.contract.errors import RequestError
from hub.contract.json_text import encode_text
from hub.contract.times import local_text
from hub.lpr.connections import Connections
from hub.lpr.contract.record import Test
from hub.lpr.ingest import LARGE, ingest
from hub.lpr.replies import raw_reply
from hub.net.wsgi import Environ
from hub.websocket.connection import WebSocket
from hub.websocket.routes import limit_messages

PINGS = ("ping", '"ping"')


class CameraSockets:
    """Serves the raw WebSockets of cameras."""

    def __init__(self, hub: Hub, connections: Connections) -> None:
        self._hub, self._connections = hub, connections

    def serve(self, socket: WebSocket, environ: Environ) -> list[bytes]:
        """Answer a camera until it disconnects.

        Disconnecting does not make it offline: one generation connects anew for each record (docs/wire/lpr.md 1.4).
        """
        limit_messages(socket, self._hub.settings.lpr.max_message_mb)
        self._connections.raw_websockets += 1
        try:
            while (message := socket.receive()) is not None:
                socket.send(encode_text(_reply(self._hub, message, environ)))
        finally:
            self._connections.raw_websockets -= 1
        return []


def _reply(hub: Hub, message: str | bytes, environ: Environ) -> dict[str, Any]:
    """Ingest a message; the reply, or the error body."""
    if isinstance(message, str) and len(message) < 20 and message.strip().lower() in PINGS:
        return _pong(hub)
    try:
        count_message(hub.gate, environ)
        data = hub.json.decode(message)
        check_sender(hub.gate, environ, data, "websocket")
        accepted = ingest(
            hub,
            data,
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
