"""Sends one message to many listeners, each with a bounded queue and a sender, so that nobody waits for the slowest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from time import monotonic
from typing import Any

from hub.live.channel import Message
from hub.live.queues import MAX_QUEUE_BYTES, BoundedQueue, DisconnectWhenFull, QueueFull
from hub.live.sender import Counters, Sender
from hub.net.transport import PeerStalled
from hub.runtime.budget import Budget
from hub.runtime.spawn import Spawn, plain_spawn
from hub.websocket.connection import Prepared, WebSocket, prepare
from hub.websocket.frames import GOING_AWAY, TRY_LATER

log = logging.getLogger(__name__)

Policy = Callable[[int, int, Budget | None], BoundedQueue]  # (limit, bytes, budget) -> the queue of one listener


class Listener:
    """One WebSocket of a `Fanout`. `variant` is what messages made for it depend on, such as its host name."""

    def __init__(self, variant: Hashable, queue: BoundedQueue, sender: Sender) -> None:
        self.variant, self.queue, self.sender = variant, queue, sender


class Fanout:
    """Publishes to any number of listeners. `publish()` never blocks.

    `policy` decides what a listener misses that has `max_queue` messages or `max_queue_bytes` queued; `budget` bounds
    the bytes of all listeners together. One that the policy disconnects, or that took nothing for `stall_seconds`, is
    closed with 1013. `spawn(name, function, *args)` starts greenlets.
    """

    def __init__(
        self,
        name: str,
        max_queue: int = 1000,
        stall_seconds: float = 30.0,
        policy: Policy = DisconnectWhenFull,
        spawn: Spawn = plain_spawn,
        max_queue_bytes: int = MAX_QUEUE_BYTES,
        budget: Budget | None = None,
    ) -> None:
        self.name = name
        self.max_queue = max_queue
        self.max_queue_bytes = max_queue_bytes
        self.stall_seconds = stall_seconds
        self._policy = policy
        self._budget = budget
        self._spawn = spawn
        self._listeners: set[Listener] = set()
        self._counters = Counters()
        self._published = 0
        self._dropped_listeners = 0

    def __len__(self) -> int:
        return len(self._listeners)

    def add(self, websocket: WebSocket, variant: Hashable = None) -> Listener:
        """Send every message published from now on to `websocket`. The caller goes on receiving from it."""
        websocket.accept()
        queue = self._policy(self.max_queue, self.max_queue_bytes, self._budget)
        listener = Listener(variant, queue, Sender(websocket, queue, self.stall_seconds, counters=self._counters))
        self._listeners.add(listener)
        self._spawn(f"{self.name} to {websocket.peer}", self._send_to, listener)
        return listener

    def remove(self, listener: Listener) -> None:
        """Send nothing more to `listener`; called when its connection has ended. Calling it twice does no harm."""
        self._listeners.discard(listener)
        listener.queue.clear()
        listener.sender.end()

    def publish(self, message: Message, key: Hashable = None, skip: object = None) -> int:
        """Queue `message` for every listener but `skip`; the number of them.

        A callable is called once for each distinct variant among the listeners. What it raises is raised here, and then
        nobody has received anything.
        """
        self._published += 1
        listeners = tuple(listener for listener in self._listeners if listener is not skip)
        if not listeners:
            return 0
        if callable(message):
            framed = {variant: prepare(message(variant)) for variant in {listener.variant for listener in listeners}}
        else:
            prepared = prepare(message)
            framed = {listener.variant: prepared for listener in listeners}
        now = monotonic()
        for listener in listeners:
            self._queue(listener, key, framed[listener.variant], now)
        return len(listeners)

    def hold(self, listener: Listener) -> AbstractContextManager[None]:
        """Publish nothing to `listener` inside the block: what is sent to it there is the next thing it receives."""
        return listener.sender.hold()

    def status(self) -> dict[str, Any]:
        """For the status page: listeners now, messages and drops since the start."""
        queued = [len(listener.queue) for listener in self._listeners]
        return {
            "name": self.name,
            "listeners": len(queued),
            "queued": sum(queued),
            "queued_bytes": sum(listener.queue.queued_bytes for listener in self._listeners),
            "longest_queue": max(queued, default=0),
            "published": self._published,
            "sent": self._counters.sent,
            "dropped_listeners": self._dropped_listeners,
            "dropped_messages": self._counters.dropped,
        }

    def close(self, code: int = GOING_AWAY, reason: str = "") -> None:
        """Disconnect every listener once the message being sent to it has gone out."""
        for listener in tuple(self._listeners):
            self._dismiss(listener, code, reason)

    def _queue(self, listener: Listener, key: Hashable, message: Prepared, now: float) -> None:
        since = listener.sender.sending_since
        if since is not None and now - since > self.stall_seconds:
            self._drop(listener, f"nothing was taken for {self.stall_seconds:g} s")
            return
        try:
            self._counters.dropped += listener.queue.put(key, message)
        except QueueFull as error:
            self._drop(listener, str(error))

    def _drop(self, listener: Listener, reason: str) -> None:
        log.warning("%s: %s is disconnected: %s.", self.name, listener.sender.websocket.peer, reason)
        self._dropped_listeners += 1
        self._counters.dropped += len(listener.queue)
        self._dismiss(listener, TRY_LATER, f"Too slow: {reason}. Connect again.")

    def _dismiss(self, listener: Listener, code: int, reason: str) -> None:
        listener.sender.dismiss(code, reason)
        self.remove(listener)

    def _send_to(self, listener: Listener) -> None:
        """The listener's greenlet."""
        try:
            listener.sender.run()
        except PeerStalled as error:
            if not listener.sender.ended:
                self._drop(listener, str(error))
        finally:
            self.remove(listener)
