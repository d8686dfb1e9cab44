"""Raw WebSocket transport of stations, on port 2020 (docs/wire/station.md).

Every client receives each capture result, and may push one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from hub.access.senders import count_message
from hub.context import Hub
from hub.contract.errors import RequestError
from hub.contract.json_text import encode_text
from hub.live.listen import listen
from hub.net.wsgi import Environ
from hub.station.ingest import ingest
from hub.station.service import Captures
from hub.websocket.connection import WebSocket
from hub.websocket.routes import limit_messages


class ResultSockets:
    """Serves the listeners of capture results."""

    def __init__(self, hub: Hub) -> None:
        self._hub, self._captures = hub, hub.part(Captures)

    def serve(self, socket: WebSocket, environ: Environ) -> Iterable[bytes]:
        """Send capture results to a client and answer what it pushes, until it disconnects."""
        limit_messages(socket, self._hub.settings.results.max_message_mb)
        return listen(self._hub.results, socket, environ, partial(self._on_message, environ))

    def _on_message(self, environ: Environ, message: str | bytes, listener: object, host: str) -> str:
        """Store a pushed capture result; the text of the reply."""
        try:
            count_message(self._hub.gate, environ)
            stored = ingest(self._hub, self._hub.json.decode_object(message), environ, "websocket", listener)
        except RequestError as error:
            return encode_text(error.body())
        body = self._captures.answer(stored, host)
        return encode_text(body | {"status": "received", "received": self._captures.public(stored.row, host)})
