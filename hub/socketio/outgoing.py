"""The outgoing packets of one Engine.IO session, bounded by number and bytes.

A session that does not poll, or whose WebSocket is not read, would otherwise collect packets without limit.
"""

from __future__ import annotations

from collections import deque
from sys import getsizeof
from time import monotonic
from typing import Any

from gevent.event import Event
from gevent.queue import Empty

from hub.live.queues import MAX_QUEUE_BYTES, QueueFull
from hub.runtime.budget import Budget
from hub.runtime.held_bytes import HeldBytes

# A camera may post 1000 events at once before it polls, each of which has two replies.
MAX_PACKETS = 20_000
MAX_UPDATES = 500  # events of rooms, of which the oldest are dropped
PACKET_BYTES = 256  # of the objects that hold a packet

Entry = tuple[Any, int, bool]  # packet, its bytes, whether it is an event of a room


class OutgoingPackets:
    """Replaces the queue of `engineio.Socket`, with the methods that it calls. `put` never blocks.

    Replies are never dropped: `put` raises QueueFull where one does not fit, and the session is to be ended. Events of
    rooms (`put_update`) are dropped oldest first. `None` is the end of the session.
    """

    def __init__(self, max_bytes: int = MAX_QUEUE_BYTES, budget: Budget | None = None) -> None:
        self._entries: deque[Entry] = deque()
        self._bytes = HeldBytes(max_bytes, budget)
        self._updates = 0
        self._ready = Event()
        self._ended = False

    def qsize(self) -> int:
        """How many packets are queued."""
        return len(self._entries)

    @property
    def queued_bytes(self) -> int:
        """The bytes of the queued packets."""
        return self._bytes.held

    def put(self, packet: Any) -> None:
        """Add a packet, or the end of the session. Raises QueueFull."""
        if packet is None or self._ended:
            self._append(packet, 0, False)
            return
        size = packet_bytes(packet)
        if len(self._entries) >= MAX_PACKETS:
            raise QueueFull(f"{MAX_PACKETS} packets were waiting")
        while not self._bytes.add(size):
            if not self._entries:
                self._bytes.add_anyway(size)
                break
            if not self._drop_oldest_update():
                raise QueueFull(f"{self._bytes.held / 1024 / 1024:.1f} MB of packets were waiting")
        self._append(packet, size, False)

    def put_update(self, packet: Any) -> int:
        """Add an event of a room; how many events were dropped for it, itself included."""
        if self._ended:
            return 1
        size = packet_bytes(packet)
        dropped = 0
        if self._updates >= MAX_UPDATES:
            dropped += self._drop_oldest_update()
        while not self._bytes.add(size):
            if not self._drop_oldest_update():
                return dropped + 1
            dropped += 1
        self._append(packet, size, True)
        return dropped

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Remove and return the oldest packet; None is the end. Raises gevent.queue.Empty after `timeout` seconds."""
        deadline = None if timeout is None else monotonic() + timeout
        while not self._entries:
            left = None if deadline is None else deadline - monotonic()
            if not block or (left is not None and left <= 0):
                raise Empty
            self._ready.clear()
            self._ready.wait(left)
        packet, size, update = self._entries.popleft()
        self._updates -= update
        self._bytes.remove(size)
        return packet

    def task_done(self) -> None:
        """Nothing waits for it."""

    def join(self) -> None:
        """Return at once: the end of a session does not wait for a client that may never poll again."""

    def end(self, keep: bool) -> None:
        """Count nothing any more; drop what is queued, unless it is to `keep` since a WebSocket still sends it."""
        self._ended = True
        self._bytes.clear()
        kept = [(packet, 0, False) for packet, _, _ in self._entries] if keep else []
        self._entries, self._updates = deque(kept), 0

    def _append(self, packet: Any, size: int, update: bool) -> None:
        self._entries.append((packet, size, update))
        self._updates += update
        self._ready.set()

    def _drop_oldest_update(self) -> int:
        """Drop the oldest event of a room; how many that were."""
        if not self._updates:
            return 0
        for position, (_, size, update) in enumerate(self._entries):
            if update:
                del self._entries[position]
                self._updates -= 1
                self._bytes.remove(size)
                return 1
        return 0


def packet_bytes(packet: Any) -> int:
    """About how much memory a packet takes."""
    return getsizeof(packet.encode_cache or packet.data) + PACKET_BYTES
