"""Raw WebSocket on port 2020: whoever connects receives every capture result, and may push one (docs/wire/station.md)."""

from __future__ import annotations

from collections.abc import Iterable

from hub.context import Hub
from hub.contract.errors import RequestError
from hub.contract.json_text import decode_object, encode_text
from hub.live.listen import listen
from hub.net.wsgi import Environ
from hub.runtime.offload import offload
from hub.station.contract.capture import parse_capture
from hub.station.service import Captures
from hub.websocket.connection import WebSocket
from hub.websocket.routes import limit_messages

SMALL_BYTES = 64 * 1024


class ResultSockets:
    """Serves the listeners of capture results."""

    def __init__(self, hub: Hub) -> None:
        self._hub, self._captures = hub, hub.part(Captures)

    def serve(self, socket: WebSocket, environ: Environ) -> Iterable[bytes]:
        limit_messages(socket, self._hub.settings.results.max_message_mb)
        return listen(self._hub.results, socket, environ, self._pushed)

    def _pushed(self, message: str | bytes, listener: object, host: str) -> str:
        """Store a capture result that a sender pushed; the text of the answer."""
        try:
            data = decode_object(message) if len(message) < SMALL_BYTES else offload(decode_object, message)
            limit = self._hub.settings.limits.max_picture_mb * 1024 * 1024
            stored = self._captures.accept(offload(parse_capture, data, None, limit), listener)
        except RequestError as error:
            return encode_text(error.body())
        body = self._captures.answer(stored, host)
        return encode_text(body | {"status": "received", "received": self._captures.public(stored.row, host)})
