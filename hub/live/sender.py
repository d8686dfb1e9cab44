"""The one way to send published messages to a WebSocket without anybody waiting for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import gevent

from hub.live.queues import SendQueue
from hub.net.transport import PeerStalled
from hub.websocket.connection import WebSocket, WebSocketClosed
from hub.websocket.frames import Prepared

log = logging.getLogger(__name__)

UNSENT_POLL_SECONDS = 0.02


@dataclass
class Counters:
    """Messages sent and dropped; senders may share one."""

    sent: int = 0
    dropped: int = 0


class Sender:
    """Sends one WebSocket the messages of a queue; its owner calls `run` in a greenlet.

    The queue decides what is dropped when the peer is slow. A peer that takes nothing for `stall_seconds` ends the
    sender. With `max_unsent_bytes` nothing is written while the send buffer holds more than this: the queue can drop
    messages, a send buffer cannot. With `idle_seconds` the sender ends after so long without a message.
    """

    def __init__(
        self,
        websocket: WebSocket,
        queue: SendQueue,
        stall_seconds: float,
        *,
        idle_seconds: float | None = None,
        max_unsent_bytes: int | None = None,
        counters: Counters | None = None,
    ) -> None:
        self.websocket, self.queue = websocket, queue
        self.counters = counters or Counters()
        self.ended = False  # nothing more is to be sent
        self.finished = False  # `run` has returned
        self.sending_since: float | None = None  # when the write in progress began (monotonic)
        self._stall_seconds, self._idle_seconds, self._max_unsent_bytes = stall_seconds, idle_seconds, max_unsent_bytes
        self._held = False
        self._farewell: tuple[int, str] | None = None

    def run(self) -> None:
        """Send until the sender is ended, idle or disconnected. Raises PeerStalled.

        The close frame of `dismiss` is sent here, since it must not cut into a message.
        """
        try:
            self._send_messages()
            if self._farewell is not None:
                self.websocket.close(*self._farewell)
        except WebSocketClosed as error:
            log.debug("The listener %s has gone: %s", self.websocket.peer, error)
            if isinstance(error.__cause__, PeerStalled):
                raise error.__cause__ from None
        finally:
            self.finished = True

    def end(self) -> None:
        """Send nothing more. Calling it twice does no harm."""
        self.ended = True
        self.queue.wake()

    def dismiss(self, code: int, reason: str) -> None:
        """Disconnect with this close code once the message being sent has gone out."""
        self._farewell = (code, reason)
        self.end()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Send nothing inside the block: what is sent there directly is the next thing that the peer receives."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self.queue.wake()

    def _send_messages(self) -> None:
        websocket, queue, counters, stall_seconds = self.websocket, self.queue, self.counters, self._stall_seconds
        while not self.ended:
            if self._held:
                queue.wait()
                continue
            if self._max_unsent_bytes is not None:
                self._wait_for_drain(self._max_unsent_bytes)
                if self.ended:
                    return
            messages = queue.take()
            if not messages:
                if not queue.wait(self._idle_seconds):
                    return
                continue
            count = len(messages)
            self.sending_since = monotonic()
            websocket.send(messages[0] if count == 1 else Prepared(b"".join(messages)), timeout=stall_seconds)
            self.sending_since = None
            queue.task_done()
            counters.sent += count

    def _wait_for_drain(self, limit: int) -> None:
        """Wait while the system holds more than `limit` bytes of this connection. Raises PeerStalled."""
        unsent, since = self.websocket.unsent, monotonic()
        while unsent > limit and not self.ended and not self.websocket.closed:
            gevent.sleep(UNSENT_POLL_SECONDS)
            if (now_unsent := self.websocket.unsent) < unsent:
                unsent, since = now_unsent, monotonic()
            elif monotonic() - since > self._stall_seconds:
                raise PeerStalled(f"took nothing for {self._stall_seconds:g} s")
