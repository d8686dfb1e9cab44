"""One message to many listeners: bounded queues, one sender each, and nobody waits for the slowest."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from gevent.event import Event

from hub.net.transport import PeerStalled
from hub.websocket.connection import Prepared, WebSocket, WebSocketClosed, prepare
from hub.websocket.frames import GOING_AWAY, TRY_LATER
from hub.websocket.keepalive import Spawn, plain_spawn

log = logging.getLogger(__name__)

Message = str | bytes | Callable[[Hashable], str | bytes]


class Listener:
    """One WebSocket that hears a `Fanout`. `key` is what messages made for it depend on, such as its host name."""

    def __init__(self, websocket: WebSocket, key: Hashable) -> None:
        self.websocket = websocket
        self.key = key
        self.queue: deque[Prepared] = deque()
        self.ready = Event()
        self.sending_since: float | None = None
        self.ended = False
        self.held = False
        self.goodbye: tuple[int, str] | None = None


class Fanout:
    """Publishes to any number of listeners. `publish()` never waits.

    A listener with `max_queue` messages waiting, or that took nothing for `stall_seconds`, is disconnected with 1013;
    with `drop_old` its oldest messages are thrown away instead when the queue is full (right for pictures and page
    updates, wrong for results). `spawn(name, function, *args)` starts greenlets.
    """

    def __init__(
        self,
        name: str,
        max_queue: int = 1000,
        stall_seconds: float = 30.0,
        drop_old: bool = False,
        spawn: Spawn = plain_spawn,
    ) -> None:
        self.name = name
        self.max_queue = max_queue
        self.stall_seconds = stall_seconds
        self.drop_old = drop_old
        self._spawn = spawn
        self._listeners: set[Listener] = set()
        self._published = 0
        self._sent = 0
        self._dropped_listeners = 0
        self._dropped_messages = 0

    def __len__(self) -> int:
        return len(self._listeners)

    def add(self, websocket: WebSocket, key: Hashable = None) -> Listener:
        """Send every message published from now on to `websocket`. Its door goes on receiving from it."""
        websocket.accept()
        listener = Listener(websocket, key)
        self._listeners.add(listener)
        self._spawn(f"{self.name} to {websocket.peer}", self._send_to, listener)
        return listener

    def remove(self, listener: Listener) -> None:
        """Send nothing more to `listener`; the door calls this when its connection has ended. Twice does no harm."""
        self._listeners.discard(listener)
        listener.ended = True
        listener.queue.clear()
        listener.ready.set()

    def publish(self, message: Message, skip: object = None) -> int:
        """Queue `message` for every listener but `skip`; the number of them.

        A callable is asked once for each distinct key among the listeners. What it raises is raised here, and then
        nobody has received anything.
        """
        self._published += 1
        listeners = tuple(listener for listener in self._listeners if listener is not skip)
        if not listeners:
            return 0
        if callable(message):
            made = {key: prepare(message(key)) for key in {listener.key for listener in listeners}}
        else:
            framed = prepare(message)
            made = {listener.key: framed for listener in listeners}
        now = monotonic()
        for listener in listeners:
            self._queue(listener, made[listener.key], now)
        return len(listeners)

    @contextmanager
    def hold(self, listener: Listener) -> Iterator[None]:
        """Send `listener` nothing inside the block: what its door answers there is the next thing it receives."""
        listener.held = True
        try:
            yield
        finally:
            listener.held = False
            listener.ready.set()

    def status(self) -> dict[str, Any]:
        """For the status page: listeners now, messages and drops since the start."""
        waiting = [len(listener.queue) for listener in self._listeners]
        return {
            "name": self.name,
            "listeners": len(waiting),
            "queued": sum(waiting),
            "longest_queue": max(waiting, default=0),
            "published": self._published,
            "sent": self._sent,
            "dropped_listeners": self._dropped_listeners,
            "dropped_messages": self._dropped_messages,
        }

    def close(self, code: int = GOING_AWAY, reason: str = "") -> None:
        """Disconnect every listener once what it is being sent has gone out."""
        for listener in tuple(self._listeners):
            self._dismiss(listener, code, reason)

    def _queue(self, listener: Listener, message: Prepared, now: float) -> None:
        if listener.sending_since is not None and now - listener.sending_since > self.stall_seconds:
            self._drop(listener, f"nothing was taken for {self.stall_seconds:g} s")
        elif len(listener.queue) < self.max_queue:
            listener.queue.append(message)
            listener.ready.set()
        elif self.drop_old:
            listener.queue.popleft()
            listener.queue.append(message)
            self._dropped_messages += 1
        else:
            self._drop(listener, f"{self.max_queue} messages were waiting")

    def _drop(self, listener: Listener, reason: str) -> None:
        log.warning("%s: %s is disconnected: %s.", self.name, listener.websocket.peer, reason)
        self._dropped_listeners += 1
        self._dropped_messages += len(listener.queue)
        self._dismiss(listener, TRY_LATER, f"Too slow: {reason}. Connect again.")

    def _dismiss(self, listener: Listener, code: int, reason: str) -> None:
        listener.goodbye = (code, reason)
        self.remove(listener)

    def _send_to(self, listener: Listener) -> None:
        """The listener's sender. It also says goodbye, since a close frame must not cut into a message."""
        websocket = listener.websocket
        try:
            while not listener.ended:
                if not listener.queue or listener.held:
                    listener.ready.clear()
                    listener.ready.wait()
                    continue
                message = listener.queue.popleft()
                listener.sending_since = monotonic()
                websocket.send(message, timeout=self.stall_seconds)
                listener.sending_since = None
                self._sent += 1
            if listener.goodbye:
                websocket.close(*listener.goodbye)
        except WebSocketClosed as error:
            if isinstance(error.__cause__, PeerStalled) and not listener.ended:
                self._drop(listener, str(error.__cause__))
            log.debug("%s: %s has gone: %s", self.name, websocket.peer, error)
        finally:
            self.remove(listener)
