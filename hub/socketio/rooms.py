"""Socket.IO rooms for pages and dashboards: each event is encoded once, and twenty viewers do not slow down what is stored.

Events of a short interval go to a viewer as one write of ready WebSocket frames, through a bounded queue with a sender of its own;
viewers that poll are served through Engine.IO. A viewer that does not keep up loses the oldest updates.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

import gevent
import orjson
from engineio.packet import MESSAGE, Packet
from gevent.event import Event

from hub.websocket.connection import Prepared, WebSocket, WebSocketClosed, prepare

log = logging.getLogger(__name__)

INTERVAL = 0.1
MAX_BATCHES = 100
MAX_BATCH_EVENTS = 5000
MAX_POLL_PACKETS = 500
STALL_SECONDS = 30.0


class Viewer:
    """One WebSocket and what waits for it."""

    def __init__(self, websocket: WebSocket) -> None:
        self.websocket = websocket
        self.batches: deque[Prepared] = deque()
        self.ready = Event()
        self.ended = False


class Rooms:
    """`publish(room, event, payload)` never waits. `run` is the supervised greenlet that hands out."""

    def __init__(self, server: Any, spawn: Callable[..., Any]) -> None:
        self._server, self._spawn = server, spawn
        self._upgraded: WeakValueDictionary[str, WebSocket] = WeakValueDictionary()
        self._viewers: dict[str, Viewer] = {}
        self._pending: deque[tuple[str, str]] = deque(maxlen=MAX_BATCH_EVENTS)
        self._wake = Event()
        self.published = self.dropped = 0

    def upgrading(self, environ: dict[str, Any], websocket: WebSocket) -> None:
        """A WebSocket is offered to an Engine.IO session that began by polling."""
        session = parse_qs(environ.get("QUERY_STRING", "")).get("sid")
        if session:
            self._upgraded[session[0][:100]] = websocket

    def publish(self, room: str, event: str, payload: Callable[[], dict[str, Any]]) -> None:
        """Tell everybody in `room`, soon. `payload` is asked only when somebody is there."""
        if not any(True for _ in self._server.manager.get_participants("/", room)):
            return
        text = "2" + orjson.dumps([event, payload()], option=orjson.OPT_NON_STR_KEYS).decode()
        if len(self._pending) == MAX_BATCH_EVENTS:
            self.dropped += 1
        self._pending.append((room, text))
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
            for room, texts in rooms.items():
                self._hand_out(room, texts)
            for session in [session for session, viewer in self._viewers.items() if viewer.ended]:
                del self._viewers[session]
            gevent.sleep(INTERVAL)

    def _hand_out(self, room: str, texts: list[str]) -> None:
        batch: Prepared | None = None
        for _, session in list(self._server.manager.get_participants("/", room)):
            websocket = self._websocket(session)
            if websocket is None:
                self._poll(session, texts)
                continue
            if batch is None:
                batch = Prepared(b"".join(prepare("4" + text) for text in texts))
            viewer = self._viewers.get(session)
            if viewer is None or viewer.ended or viewer.websocket is not websocket:
                viewer = self._viewers[session] = Viewer(websocket)
                self._spawn(f"room viewer {websocket.peer}", self._send, viewer)
            if len(viewer.batches) >= MAX_BATCHES:
                viewer.batches.popleft()
                self.dropped += 1
            viewer.batches.append(batch)
            viewer.ready.set()

    def _websocket(self, session: str) -> WebSocket | None:
        client = self._server.eio.sockets.get(session)
        if client is None or not client.upgraded or client.closed:
            return None
        return self._upgraded.get(session) or self._server.environ[session].get("wsgi.websocket")

    def _poll(self, session: str, texts: list[str]) -> None:
        client = self._server.eio.sockets.get(session)
        if client is None or client.closed:
            return
        for text in texts:
            if client.queue.qsize() >= MAX_POLL_PACKETS:
                self.dropped += 1
                continue
            client.send(Packet(MESSAGE, data=text))

    def _send(self, viewer: Viewer) -> None:
        """The viewer's sender; ends with its connection, or when the viewer has been quiet for long."""
        try:
            while not viewer.websocket.closed:
                if not viewer.batches:
                    viewer.ready.clear()
                    if not viewer.ready.wait(STALL_SECONDS):
                        break
                    continue
                viewer.websocket.send(viewer.batches.popleft(), timeout=STALL_SECONDS)
        except WebSocketClosed as error:
            log.debug("A viewer has gone: %s", error)
        finally:
            viewer.ended = True
            viewer.batches.clear()

    def status(self) -> dict[str, Any]:
        return {
            "viewers": len(self._viewers),
            "published": self.published,
            "dropped": self.dropped,
            "queued": sum(len(viewer.batches) for viewer in self._viewers.values()),
        }
