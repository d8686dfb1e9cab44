"""Sends the packets of an Engine.IO session that is a WebSocket, in the greenlet that has them for it.

python-engineio has a greenlet for each session that waits for packets. Here a packet goes to the system at once where
it takes it, as nearly always; only what it does not take is queued, and sent by a greenlet that ends with it.
"""

from __future__ import annotations

from typing import Any

from gevent.queue import Empty

from hub.socketio.outgoing import OutgoingPackets
from hub.socketio.workers import Spawn
from hub.websocket.connection import Prepared, WebSocket, WebSocketClosed, prepare

WRITE_BYTES = 64 * 1024  # queued packets of one write


class PacketSender:
    """The packets of one session, in the order of `send`, which never blocks. `spawn` runs what may block."""

    def __init__(self, queue: OutgoingPackets, websocket: WebSocket, spawn: Spawn) -> None:
        self._queue, self._websocket, self._spawn = queue, websocket, spawn
        self._sending = False  # a greenlet sends what is queued

    def send(self, packet: Any) -> None:
        """Send a packet, after those that are queued. Raises QueueFull."""
        if self._websocket.closed:
            return  # who reads from it ends the session
        if not self._sending and not self._queue.qsize():
            try:
                if self._websocket.send_now(prepare(packet.encode())):
                    if self._websocket.unfinished:
                        self._start()
                    return
            except WebSocketClosed:
                return  # as above
        self._queue.put(packet)
        self._start()

    def flush(self) -> None:
        """Send what is queued, the end of the session included."""
        if self._queue.qsize():
            self._start()

    def _start(self) -> None:
        if not self._sending:
            self._sending = True
            self._spawn(self._send_queued)

    def _send_queued(self) -> None:
        try:
            if self._websocket.unfinished:
                self._websocket.send(Prepared())
            while (frames := self._next()) is not None:
                self._websocket.send(frames)
        except WebSocketClosed:
            pass  # as above
        finally:
            self._sending = False

    def _next(self) -> Prepared | None:
        """The frames of the next write; None where nothing is queued, and at the end of the session."""
        frames: list[Prepared] = []
        size = 0
        while self._queue.qsize() and size < WRITE_BYTES:
            try:
                packet = self._queue.get(block=False)
            except Empty:
                break
            if packet is None:
                if frames:
                    self._queue.put(None)
                    break
                self._websocket.close()
                return None
            frames.append(prepare(packet.encode()))
            size += len(frames[-1])
        return Prepared(b"".join(frames)) if frames else None
