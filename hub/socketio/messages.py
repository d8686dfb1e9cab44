"""Entry of every Socket.IO message: its bytes are counted, and what is malformed is ignored without a traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from greenlet import getcurrent

from hub.contract.errors import Unavailable
from hub.socketio.attachments import Attachments, RefusedEvent
from hub.socketio.fast_events import EVENT, MALFORMED, FastEvents
from hub.socketio.guard import SessionGuard
from hub.socketio.in_flight import COUNTED_BYTES, EventsInFlight
from hub.socketio.internals import (
    drop_pending_binary,
    engineio_session,
    event_of,
    message_handler,
    pending_binary,
    send_text,
    session_end_handler,
    session_environ,
    set_message_handler,
    set_session_end_handler,
    spawn_events_with,
)
from hub.socketio.library_types import SocketIoServer
from hub.socketio.sessions import end_session
from hub.socketio.workers import Spawn

BINARY = ("5", "6")  # an event and an acknowledgement with attachments
BUSY = "The hub has as many large events in hand as it may. Send this one again in some seconds."
BUSY_SECONDS = 10


class Messages:
    """Takes each message to `fast` where that has a handler for it, and otherwise to python-socketio.

    `spawn(function, *args)` runs handlers, which may block; the bytes of their events are counted in `in_flight` until
    they end, those of attachments in `attachments` until their event is complete.
    """

    def __init__(
        self,
        server: SocketIoServer,
        spawn: Spawn,
        fast: FastEvents,
        guard: SessionGuard,
        in_flight: EventsInFlight,
        attachments: Attachments,
    ) -> None:
        self._server, self._spawn, self._fast = server, spawn, fast
        self._guard, self._in_flight, self._attachments = guard, in_flight, attachments
        self._sizes: dict[object, int] = {}  # greenlet -> counted bytes of the message that it gives to python-socketio
        self._library, self._library_end = message_handler(server), session_end_handler(server)
        set_message_handler(server, self._on_message)
        set_session_end_handler(server, self._on_end)
        spawn_events_with(server, self._spawn_event)

    def _on_message(self, session: str, data: str | bytes) -> None:
        """Handle one message of an Engine.IO session."""
        if type(data) is str and data[:1] == EVENT and not pending_binary(self._server, session):
            size = len(data)
            try:
                if size >= COUNTED_BYTES:
                    self._on_large(session, data, size)
                    return
                if self._fast.start(session, data, self._spawn):
                    return
            except MALFORMED as error:
                self._malformed(session, data, error)
                return
        self._to_library(session, data, 0)

    def _on_large(self, session: str, data: str, size: int) -> None:
        """Handle a text event whose bytes are counted until its handler has ended."""
        if not self._in_flight.admit(session, size):
            self._refuse(session)
            return
        try:
            started = self._fast.start(session, data, lambda *call: self._spawn(self._counted, session, size, *call))
        except MALFORMED:
            self._in_flight.release(session, size)
            raise
        if not started:
            self._to_library(session, data, size)

    def _to_library(self, session: str, data: Any, size: int) -> None:
        """Give a message to python-socketio; `size` of its bytes are counted already."""
        self._sizes[getcurrent()] = size
        try:
            if pending_binary(self._server, session):
                self._attachments.add(session, data)
            elif data[:1] in BINARY:
                self._attachments.begin(session, data)
            self._library(session, data)
        except RefusedEvent as error:
            self._drop_binary(session)
            client = engineio_session(self._server, session)
            if client is not None:
                end_session(client, str(error))
        except MALFORMED as error:
            self._drop_binary(session)
            self._malformed(session, data, error)
        except Exception as error:  # the library raises others as well; whatever it is, the session goes on
            self._drop_binary(session)
            self._guard.note_malformed(self._address(session), f"{type(error).__name__}: {error}")
        finally:
            left = self._sizes.pop(getcurrent(), 0)
            if left:
                self._in_flight.release(session, left)
            if not pending_binary(self._server, session):
                self._attachments.complete(session)

    def _malformed(self, session: str, data: str | bytes, error: Exception) -> None:
        """Count and answer a packet that cannot be decoded."""
        self._guard.note_malformed(self._address(session), f"{type(error).__name__}: {error}")
        self._fast.refuse(session, data, error)

    def _spawn_event(self, function: Callable[..., Any], *args: Any) -> None:
        """Run the handler of an event of python-socketio."""
        if event_of(args) is None:
            raise ValueError("an event is a list that begins with its name")
        session: str = args[2]
        size = self._sizes.pop(getcurrent(), 0)
        attached = self._attachments.complete(session)
        if attached and self._in_flight.admit(session, attached):
            size += attached
        if size:
            self._spawn(self._counted, session, size, function, *args)
        else:
            self._spawn(function, *args)

    def _counted(self, session: str, size: int, function: Callable[..., Any], *args: Any) -> None:
        try:
            function(*args)
        finally:
            self._in_flight.release(session, size)

    def _refuse(self, session: str) -> None:
        client = engineio_session(self._server, session)
        if client is not None:
            body = orjson.dumps(Unavailable(BUSY, retry_after=BUSY_SECONDS).body()).decode()
            send_text(client, f'{EVENT}["error",{body}]')

    def _on_end(self, session: str, reason: str) -> None:
        self._drop_binary(session)
        self._library_end(session, reason)

    def _drop_binary(self, session: str) -> None:
        drop_pending_binary(self._server, session)
        self._attachments.complete(session)

    def _address(self, session: str) -> str:
        try:
            return str(session_environ(self._server, session).get("REMOTE_ADDR", "a client"))
        except KeyError:
            return "a client that has gone"
