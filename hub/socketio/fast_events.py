"""Socket.IO events that come by the thousand: read and answered without python-socketio's packets, its rooms and its copies.

Text events of the default namespace take this way, and their answers go to a WebSocket as one write. Everything else (binary
pictures, other namespaces, connections that poll, malformed packets) is left to python-socketio, by the same handlers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import orjson
from engineio.exceptions import SocketIsClosedError
from engineio.packet import MESSAGE, Packet

from hub.websocket.connection import Prepared, prepare

log = logging.getLogger(__name__)

EVENT, ACK = "2", "3"
MAX_HEAD = 24  # type and id before the event's list
MAX_NAME = 60

Replies = list[tuple[str, dict[str, Any]]]
Handler = Callable[..., Replies]


class FastEvents:
    """`on(event, handler)`; `handler(sid, *args)` gives the events to answer with, the first one's body being the acknowledgement too.

    An answer without a name is an acknowledgement only. `spawn(function, *args)` runs handlers, which may wait.
    """

    def __init__(self, server: Any, spawn: Callable[..., Any], enabled: bool = True) -> None:
        self._server, self._spawn = server, spawn
        self._handlers: dict[str, Handler] = {}
        self._ordinary = server.eio.handlers["message"]
        if enabled:
            server.eio.on("message", self._hear)

    def on(self, event: str, handler: Handler) -> None:
        """Let `handler` answer `event`, by whichever way it comes."""
        self._handlers[event] = handler

        def ordinary(sid: str, *args: Any) -> dict[str, Any]:
            replies = handler(sid, *args)
            for name, body in replies:
                if name:
                    self._server.emit(name, body, room=sid)
            return replies[0][1]

        self._server.on(event, ordinary)

    def _hear(self, session: str, data: str | bytes) -> None:
        """One message of an Engine.IO session."""
        found = (
            self._read(data)
            if type(data) is str and data[:1] == EVENT and session not in self._server._binary_packet
            else None
        )
        sid = self._server.manager.sid_from_eio_sid(session, "/") if found is not None else None
        if sid is None or not self._server.manager.is_connected(sid, "/"):
            self._ordinary(session, data)
            return
        self._spawn(self._run, session, sid, *found)

    def _read(self, text: str) -> tuple[Handler, list[Any], str] | None:
        """Handler, arguments and id (digits or "") of a text event; None when it is for python-socketio."""
        start = text.find("[", 1, MAX_HEAD)
        number = text[1:start]
        if start < 0 or (number and not (number.isascii() and number.isdigit())) or text[start + 1 : start + 2] != '"':
            return None
        handler = self._handlers.get(text[start + 2 : text.find('"', start + 2, start + 2 + MAX_NAME)])
        if handler is None:
            return None
        try:
            return handler, orjson.loads(text[start:])[1:], number
        except orjson.JSONDecodeError:
            return None

    def _run(self, session: str, sid: str, handler: Handler, args: list[Any], number: str) -> None:
        replies = handler(sid, *args)
        client = self._server.eio.sockets.get(session)
        if client is None or client.closed:
            return
        texts = []
        for name, body in replies:
            text = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS).decode()
            if name:
                texts.append(f'{EVENT}["{name}",{text}]')
            if number:
                texts.append(f"{ACK}{number}[{text}]")
                number = ""
        try:
            self._send(client, texts)
        except SocketIsClosedError:
            log.debug("The client of an event has gone before its answer.")

    @staticmethod
    def _send(client: Any, texts: list[str]) -> None:
        """In the session's own queue, so that what was sent before comes before."""
        if not client.upgraded:
            for text in texts:
                client.send(Packet(MESSAGE, data=text))
        elif texts:
            packet = Packet(MESSAGE)
            packet.encode_cache = Prepared(b"".join(prepare("4" + text) for text in texts))
            client.send(packet)
