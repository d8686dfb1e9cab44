"""A fast path for frequent Socket.IO events, without python-socketio's packets, its rooms and its copies.

Text events of the default namespace take this path, and their replies go to a WebSocket in one write. Everything else
(binary pictures, other namespaces, malformed packets) is left to python-socketio, with the same handlers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import orjson

from hub.contract.errors import error_body
from hub.socketio.codec import PacketRefused
from hub.socketio.internals import (
    SessionClosed,
    connected_sid,
    engineio_session,
    is_upgraded,
    send_frames,
    send_text,
)
from hub.socketio.library_types import EngineIoSession, SocketIoServer
from hub.socketio.workers import Spawn

log = logging.getLogger(__name__)

CONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT = "0", "2", "3", "4", "5"
# What python-socketio raises for packets that are not Socket.IO.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
MALFORMED_TEXT = "The packet is not Socket.IO: an event is a JSON list that begins with the event's name."
MAX_HEAD = 24  # type and id before the event's list
MAX_NAME = 60

Replies = list[tuple[str, dict[str, Any]]]
Handler = Callable[..., Replies]


class FastEvents:
    """Handlers of frequent events.

    `handler(sid, *args)` returns the events to reply with; the first one's body is the acknowledgement too, and a reply
    without a name is an acknowledgement only.
    """

    def __init__(
        self, server: SocketIoServer, enabled: bool = True, loads: Callable[[str], Any] = orjson.loads
    ) -> None:
        self._server, self._enabled, self._loads = server, enabled, loads
        self._handlers: dict[str, Handler] = {}
        self._malformed = 0

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

    def status(self) -> dict[str, int]:
        """For the status page: `malformed` counts packets that could not be decoded."""
        return {"malformed": self._malformed}

    def start(self, session: str, data: str, spawn: Spawn) -> bool:
        """Run the handler of an event by `spawn(function, *args)`, since it may block; False for python-socketio's.

        Raises one of MALFORMED.
        """
        event = self._read(data) if self._enabled else None
        sid = connected_sid(self._server, session) if event is not None else None
        if event is None or sid is None:
            return False
        spawn(self._run, session, sid, *event)
        return True

    def refuse(self, session: str, data: str | bytes, error: Exception) -> None:
        """Reply to a packet that cannot be decoded: the event `error` and the acknowledgement, or a connect error.

        What does not even begin as one of these gets no reply.
        """
        self._malformed += 1
        log.debug("A Socket.IO packet cannot be decoded: %s", error)
        client = engineio_session(self._server, session)
        if client is None or type(data) is not str:
            return
        body = error.error.body() if isinstance(error, PacketRefused) else error_body(MALFORMED_TEXT)
        if data[:1] == CONNECT:
            text = orjson.dumps({"message": body["message"], "data": body}).decode()
            self._send(client, [f"{CONNECT_ERROR}{text}"])
        elif data[:1] in (EVENT, BINARY_EVENT) and connected_sid(self._server, session) is not None:
            head, is_event, _ = data[1:MAX_HEAD].partition("[")
            number = head.rpartition("-")[2]
            if is_event:
                self._reply(client, [("error", body)], number if number.isascii() and number.isdigit() else "")

    def _read(self, text: str) -> tuple[Handler, list[Any], str] | None:
        """Handler, arguments and id (digits or "") of a text event; None when it is for python-socketio."""
        start = text.find("[", 1, MAX_HEAD)
        number = text[1:start]
        if start < 0 or (number and not (number.isascii() and number.isdigit())) or text[start + 1 : start + 2] != '"':
            return None
        handler = self._handlers.get(text[start + 2 : text.find('"', start + 2, start + 2 + MAX_NAME)])
        if handler is None:
            return None
        return handler, self._loads(text[start:])[1:], number

    def _run(self, session: str, sid: str, handler: Handler, args: list[Any], number: str) -> None:
        replies = handler(sid, *args)
        client = engineio_session(self._server, session)
        if client is None:
            return
        self._reply(client, replies, number)

    def _reply(self, client: EngineIoSession, replies: Replies, number: str) -> None:
        """Send replies as events, and the first as the acknowledgement where the event has a `number`."""
        texts = []
        for name, body in replies:
            text = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS).decode()
            if name:
                texts.append(f'{EVENT}["{name}",{text}]')
            if number:
                texts.append(f"{ACK}{number}[{text}]")
                number = ""
        self._send(client, texts)

    @staticmethod
    def _send(client: EngineIoSession, texts: list[str]) -> None:
        """Send replies through the session's own queue, which keeps the order of all its packets."""
        try:
            if not is_upgraded(client):
                for text in texts:
                    send_text(client, text)
            elif texts:
                send_frames(client, texts)
        except SessionClosed:
            log.debug("The client of an event has gone before its reply.")
