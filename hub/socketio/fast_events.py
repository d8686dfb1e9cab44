"""A fast path for frequent Socket.IO events, without python-socketio's packets, its rooms and its copies.

Text events of the default namespace take this path, and their replies go to a WebSocket in one write. Everything else
(binary pictures, other namespaces, malformed packets) is left to python-socketio, with the same handlers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import orjson

from hub.socketio.internals import (
    EngineIoSession,
    SessionClosed,
    SocketIoServer,
    connected_sid,
    engineio_session,
    is_upgraded,
    send_frames,
    send_text,
)
from hub.socketio.workers import Spawn

log = logging.getLogger(__name__)

EVENT, ACK = "2", "3"
MAX_HEAD = 24  # type and id before the event's list
MAX_NAME = 60

Replies = list[tuple[str, dict[str, Any]]]
Handler = Callable[..., Replies]


class FastEvents:
    """Handlers of frequent events.

    `handler(sid, *args)` returns the events to reply with; the first one's body is the acknowledgement too, and a reply
    without a name is an acknowledgement only.
    """

    def __init__(self, server: SocketIoServer, enabled: bool = True) -> None:
        self._server, self._enabled = server, enabled
        self._handlers: dict[str, Handler] = {}

    def on(self, event: str, handler: Handler) -> None:
        """Let `handler` reply to `event`, whichever path it takes."""
        self._handlers[event] = handler

        def ordinary(sid: str, *args: Any) -> dict[str, Any]:
            replies = handler(sid, *args)
            for name, body in replies:
                if name:
                    self._server.emit(name, body, room=sid)
            return replies[0][1]

        self._server.on(event, ordinary)

    def start(self, session: str, data: str, spawn: Spawn) -> bool:
        """Run the handler of an event by `spawn(function, *args)`, since it may block; False for python-socketio's."""
        event = self._read(data) if self._enabled else None
        sid = connected_sid(self._server, session) if event is not None else None
        if event is None or sid is None:
            return False
        spawn(self._run, session, sid, *event)
        return True

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
        client = engineio_session(self._server, session)
        if client is None:
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
        except SessionClosed:
            log.debug("The client of an event has gone before its reply.")

    @staticmethod
    def _send(client: EngineIoSession, texts: list[str]) -> None:
        """Send replies through the session's own queue, which keeps the order of all its packets."""
        if not is_upgraded(client):
            for text in texts:
                send_text(client, text)
        elif texts:
            send_frames(client, texts)
