"""Socket.IO rooms of pages and dashboards: each event is encoded once, so that many viewers do not slow down ingestion.

The events of a short interval go to a viewer in one write of ready WebSocket frames, through a bounded queue with a
sender; viewers that poll are served through Engine.IO. A viewer that does not keep up loses the oldest events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

import gevent
from gevent.event import Event

from hub.contract.json_text import encode_text
from hub.live.channel import Message
from hub.live.queues import MAX_QUEUE_BYTES, DropOldest
from hub.live.sender import Sender
from hub.net.transport import PeerStalled
from hub.runtime.budget import Budget
from hub.socketio.internals import (
    SessionClosed,
    engineio_session,
    frames_of,
    has_participants,
    is_upgraded,
    participants,
    send_update,
    session_environ,
)
from hub.socketio.library_types import SocketIoServer
from hub.websocket.connection import Prepared, WebSocket

INTERVAL = 0.1
MAX_BATCHES = 100
MAX_BATCH_EVENTS = 5000
MAX_PENDING_BYTES = 8 * 1024 * 1024
STALL_SECONDS = 30.0


class Elsewhere(Protocol):
    """The members of rooms at other hubs."""

    def watch(self, room: str) -> None: ...

    def has_members_elsewhere(self, room: str) -> bool: ...

    def share(self, room: str, event: str, text: str) -> None: ...


class Viewer:
    """One WebSocket with its queue and its sender."""

    def __init__(self, websocket: WebSocket, max_bytes: int, budget: Budget | None) -> None:
        self.queue = DropOldest(MAX_BATCHES, max_bytes, budget)
        self.sender = Sender(websocket, self.queue, STALL_SECONDS, idle_seconds=STALL_SECONDS)


class Rooms:
    """`publish` never blocks. `run` is the supervised greenlet that distributes the events of each interval.

    A viewer may have `max_queue_bytes` queued; `budget` bounds the bytes of all viewers together. `elsewhere` has the
    members of other hubs.
    """

    def __init__(
        self,
        server: SocketIoServer,
        spawn: Callable[..., Any],
        max_queue_bytes: int = MAX_QUEUE_BYTES,
        budget: Budget | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._server, self._spawn, self._elsewhere = server, spawn, elsewhere
        self._max_queue_bytes, self._budget = max_queue_bytes, budget
        self._upgraded: WeakValueDictionary[str, WebSocket] = WeakValueDictionary()
        self._viewers: dict[str, Viewer] = {}
        self._pending: deque[tuple[str, str]] = deque()
        self._pending_bytes = 0
        self._wake = Event()
        self.published = self.dropped = 0

    def channel(self, room: str, event: str, *, here: bool = False) -> RoomChannel:
        """The channel that publishes `event` to everybody in `room`; `here`: to those of this hub alone."""
        if self._elsewhere is not None:
            self._elsewhere.watch(room)
        return RoomChannel(self, room, event, here)

    def upgrading(self, environ: dict[str, Any], websocket: WebSocket) -> None:
        """Note the WebSocket that a polling Engine.IO session offers to upgrade to."""
        session = parse_qs(environ.get("QUERY_STRING", "")).get("sid")
        if session:
            self._upgraded[session[0][:100]] = websocket

    def publish(self, room: str, event: str, payload: Callable[[], str], here: bool = False) -> None:
        """Send an event to everybody in `room` within INTERVAL; `payload` makes its JSON if somebody is there.

        `here`: to the members of this hub alone.
        """
        elsewhere = None if here or self._elsewhere is None else self._elsewhere
        shared = elsewhere is not None and elsewhere.has_members_elsewhere(room)
        occupied = has_participants(self._server, room)
        if not occupied and not shared:
            return
        made = payload()
        if elsewhere is not None and shared:
            elsewhere.share(room, event, made)
        if occupied:
            self._queue(room, event, made)

    def deliver(self, room: str, event: str, made: str) -> None:
        """Send an event of another hub, or of another program, to the members of this one."""
        if has_participants(self._server, room):
            self._queue(room, event, made)

    def _queue(self, room: str, event: str, made: str) -> None:
        text = f"2[{encode_text(event)},{made}]"
        self._pending.append((room, text))
        self._pending_bytes += len(text)
        while len(self._pending) > MAX_BATCH_EVENTS or (
            self._pending_bytes > MAX_PENDING_BYTES and len(self._pending) > 1
        ):
            self._pending_bytes -= len(self._pending.popleft()[1])
            self.dropped += 1
        self.published += 1
        self._wake.set()

    def run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            rooms: dict[str, list[str]] = {}
            while self._pending:
                room, text = self._pending.popleft()
                rooms.setdefault(room, []).append(text)
            self._pending_bytes = 0
            for room, texts in rooms.items():
                self._distribute(room, texts)
            for session in [session for session, viewer in self._viewers.items() if viewer.sender.finished]:
                del self._viewers[session]
            gevent.sleep(INTERVAL)

    def status(self) -> dict[str, Any]:
        """For the status page: viewers now, events published and dropped since the start."""
        return {
            "viewers": len(self._viewers),
            "published": self.published,
            "dropped": self.dropped,
            "queued": sum(len(viewer.queue) for viewer in self._viewers.values()),
            "queued_bytes": sum(viewer.queue.queued_bytes for viewer in self._viewers.values()),
        }

    def _distribute(self, room: str, texts: list[str]) -> None:
        batch: Prepared | None = None
        for session in participants(self._server, room):
            websocket = self._websocket(session)
            if websocket is None:
                self._send_polling(session, texts)
                continue
            if batch is None:
                batch = frames_of(texts)
            self.dropped += self._viewer(session, websocket).queue.put(room, batch)

    def _viewer(self, session: str, websocket: WebSocket) -> Viewer:
        """The viewer of a session, a new one where its sender has ended or its WebSocket is another."""
        viewer = self._viewers.get(session)
        if viewer is None or viewer.sender.finished or viewer.sender.websocket is not websocket:
            viewer = self._viewers[session] = Viewer(websocket, self._max_queue_bytes, self._budget)
            self._spawn(f"room viewer {websocket.peer}", self._send_to, viewer)
        return viewer

    def _websocket(self, session: str) -> WebSocket | None:
        """The WebSocket of a session, None while it polls."""
        client = engineio_session(self._server, session)
        if client is None or not is_upgraded(client):
            return None
        return self._upgraded.get(session) or session_environ(self._server, session).get("wsgi.websocket")

    def _send_polling(self, session: str, texts: list[str]) -> None:
        client = engineio_session(self._server, session)
        if client is None:
            return
        with suppress(SessionClosed):
            for text in texts:
                self.dropped += send_update(client, text)

    @staticmethod
    def _send_to(viewer: Viewer) -> None:
        """The viewer's greenlet, which ends with its connection or when there was nothing to send for long."""
        try:
            with suppress(PeerStalled):  # the connection is lost with it
                viewer.sender.run()
        finally:
            viewer.queue.clear()


class RoomChannel:
    """One event of one room as a channel. Messages are JSON text of the event's payload."""

    def __init__(self, rooms: Rooms, room: str, event: str, here: bool = False) -> None:
        self._rooms, self._room, self._event, self._here = rooms, room, event, here

    def publish(self, message: Message, key: Hashable = None, skip: object = None) -> None:
        """Queue a message for everybody in the room; a callable is called once, with None. Ignores `key` and `skip`."""
        self._rooms.publish(self._room, self._event, lambda: _text(message), self._here)

    def status(self) -> dict[str, Any]:
        """Counters of all rooms together."""
        return self._rooms.status()

    def close(self) -> None:
        """Nothing: the connections are Engine.IO's, which the server closes."""


def _text(message: Message) -> str:
    made = message(None) if callable(message) else message
    return made if isinstance(made, str) else made.decode()
