"""Queues of a `Sender`, one class for each drop policy.

A queue decides what a listener misses that reads more slowly than messages are published: it is disconnected
(`DisconnectWhenFull`), loses the oldest messages (`DropOldest`), keeps the newest of each key (`NewestPerKey`), or is
sent the newest item whenever it is ready for one (`LatestOnDemand`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from gevent.event import Event

from hub.runtime.budget import Budget
from hub.runtime.held_bytes import HeldBytes
from hub.websocket.frames import Prepared

# About this much goes out in one write of joined messages: with more, a slow connection would seem to be stalled.
JOIN_BYTES = 16 * 1024
POLL_SECONDS = 1.0
MAX_QUEUE_BYTES = 8 * 1024 * 1024  # of one listener; a message that is longer passes when the queue is empty
MEGABYTE = 1024 * 1024

Item = TypeVar("Item")
ItemSource = TypeVar("ItemSource", covariant=True)
Encoded = TypeVar("Encoded", bound=bytes)


class QueueFull(Exception):
    """The listener is to be disconnected; the text says why."""


class SendQueue(Protocol):
    """What a `Sender` needs of its queue."""

    def take(self) -> list[Prepared]:
        """Remove and return the messages of the next write, oldest first; empty when there are none."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until `take` may have messages or `wake` was called; False after `timeout` seconds without messages."""

    def wake(self) -> None:
        """End a `wait` in progress."""

    def task_done(self) -> None:
        """Report that the messages taken last were written."""


class BoundedQueue(SendQueue, Protocol):
    """A queue that a publisher fills. Putting a message never blocks."""

    def __len__(self) -> int: ...

    @property
    def queued_bytes(self) -> int:
        """Bytes of the queued messages and of the write in progress."""

    def put(self, key: Hashable, message: Prepared) -> int:
        """Add a message; how many older ones were dropped for it. Raises QueueFull."""

    def clear(self) -> int:
        """Drop every message; how many those were."""


class _EventQueue(ABC):
    """The waiting side of a bounded queue, and the count of its bytes.

    A queue holds at most `limit` messages and `max_bytes` bytes; `budget` bounds the bytes of all queues together.
    Messages are counted until they are written.
    """

    def __init__(self, limit: int, max_bytes: int = MAX_QUEUE_BYTES, budget: Budget | None = None) -> None:
        self._limit = limit
        self._bytes = HeldBytes(max_bytes, budget)
        self._writing = 0  # bytes of the write in progress
        self._ready = Event()

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    def queued_bytes(self) -> int:
        return self._bytes.held

    def wait(self, timeout: float | None = None) -> bool:
        self._ready.clear()
        return self._ready.wait(timeout) or len(self) > 0

    def wake(self) -> None:
        self._ready.set()

    def task_done(self) -> None:
        self._bytes.remove(self._writing)
        self._writing = 0


class _Fifo(_EventQueue):
    """Messages in order, one for each write, whatever their keys."""

    def __init__(self, limit: int, max_bytes: int = MAX_QUEUE_BYTES, budget: Budget | None = None) -> None:
        super().__init__(limit, max_bytes, budget)
        self._messages: deque[Prepared] = deque()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, key: Hashable, message: Prepared) -> int:
        size = len(message)
        dropped = self._make_room(0) if len(self._messages) >= self._limit else 0
        while not self._bytes.add(size):
            if not self._messages:
                self._bytes.add_anyway(size)
                break
            dropped += self._make_room(self._bytes.held)
        self._messages.append(message)
        self._ready.set()
        return dropped

    def take(self) -> list[Prepared]:
        if not self._messages:
            return []
        message = self._messages.popleft()
        self._writing += len(message)
        return [message]

    def clear(self) -> int:
        dropped = len(self._messages)
        self._messages.clear()
        self._writing = 0
        self._bytes.clear()
        return dropped

    @abstractmethod
    def _make_room(self, held: int) -> int:
        """Apply the drop policy to a queue that is full (with `held` bytes; 0: by number); how many were dropped."""


class DisconnectWhenFull(_Fifo):
    """Drops nothing: a listener whose queue is full is disconnected. For results, which may not be lost unnoticed."""

    def _make_room(self, held: int) -> int:
        if held:
            raise QueueFull(f"{held / MEGABYTE:.1f} MB of messages were waiting")
        raise QueueFull(f"{self._limit} messages were waiting")


class DropOldest(_Fifo):
    """Drops the oldest message when it is full. Right for pages and commands, where only what is recent counts."""

    def _make_room(self, held: int) -> int:
        self._bytes.remove(len(self._messages.popleft()))
        return 1


class NewestPerKey(_EventQueue):
    """Holds every message while the listener keeps up, and the newest of each key when it is behind.

    The listener falls behind when `limit` messages or `max_bytes` are queued, and has caught up when none is. One write
    joins messages of up to `JOIN_BYTES`.
    """

    def __init__(self, limit: int, max_bytes: int = MAX_QUEUE_BYTES, budget: Budget | None = None) -> None:
        super().__init__(limit, max_bytes, budget)
        self._all: deque[tuple[Hashable, Prepared]] = deque()
        self._newest: dict[Hashable, Prepared] = {}  # used instead of `_all` while behind, oldest first
        self.behind = False

    def __len__(self) -> int:
        return len(self._newest) if self.behind else len(self._all)

    def put(self, key: Hashable, message: Prepared) -> int:
        dropped = 0
        if not self.behind and len(self._all) < self._limit and self._bytes.add(len(message)):
            self._all.append((key, message))
        else:
            dropped = self._replace(key, message)
        self._ready.set()
        return dropped

    def take(self) -> list[Prepared]:
        messages: list[Prepared] = []
        size = 0
        while len(self) and (not messages or size < JOIN_BYTES):
            message = self._pop()
            messages.append(message)
            size += len(message)
        self._writing += size
        return messages

    def clear(self) -> int:
        dropped = len(self)
        self._writing = 0
        self._bytes.clear()
        self._all.clear()
        self._newest.clear()
        self.behind = False
        return dropped

    def _replace(self, key: Hashable, message: Prepared) -> int:
        """Add a message to a listener that is behind, or falls behind with it."""
        dropped = 0 if self.behind else self._fall_behind()
        older = self._newest.pop(key, None)
        if older is not None:
            self._bytes.remove(len(older))
            dropped += 1
        elif len(self._newest) >= self._limit:
            dropped += self._drop_oldest()
        while not self._bytes.add(len(message)):
            if not self._newest:
                self._bytes.add_anyway(len(message))
                break
            dropped += self._drop_oldest()
        self._newest[key] = message
        return dropped

    def _drop_oldest(self) -> int:
        self._bytes.remove(len(self._newest.pop(next(iter(self._newest)))))
        return 1

    def _pop(self) -> Prepared:
        if not self.behind:
            return self._all.popleft()[1]
        message = self._newest.pop(next(iter(self._newest)))
        self.behind = bool(self._newest)
        return message

    def _fall_behind(self) -> int:
        queued = len(self._all)
        for key, message in self._all:
            older = self._newest.pop(key, None)
            if older is not None:
                self._bytes.remove(len(older))
            self._newest[key] = message
        self._all.clear()
        self.behind = True
        return queued - len(self._newest)


class Source(Protocol[ItemSource]):
    """Where `LatestOnDemand` takes the newest item from."""

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until an item may be taken; whether one may."""

    def take(self) -> ItemSource | None:
        """Take the newest item; None when there is none after all."""

    def wake(self) -> None:
        """End a `wait` in progress."""


class Pacer(Protocol):
    """Decides when a receiver may have its next item."""

    def begin(self, size: int) -> None:
        """Record that `size` bytes are about to be sent."""

    def done(self) -> None:
        """Record that they were written."""


class LatestOnDemand(Generic[Item, Encoded]):
    """Holds nothing: takes the newest item of `source` each time that the receiver is ready, and skips the others.

    `ready` waits for the receiver, and is False when it was dropped; `encode` makes the item's bytes; `ended` is polled
    while there is nothing to send, since a write notices the end by itself.
    """

    def __init__(
        self,
        source: Source[Item],
        pacer: Pacer,
        ready: Callable[[], bool],
        encode: Callable[[Item], Encoded],
        ended: Callable[[], bool],
    ) -> None:
        self._source, self._pacer, self._ready, self._encode, self._ended = source, pacer, ready, encode, ended
        self._available = self._over = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until an item may be taken, however long that is; False when no more will come."""
        while not self._over and not self._source.wait(POLL_SECONDS):
            self._over = self._ended()
        self._available = not self._over
        return self._available

    def take(self) -> list[Encoded]:
        """The newest item, encoded, once the receiver is ready for it; nothing before `wait` has found one."""
        if not self._available:
            return []
        self._available = False
        if not self._ready():
            self._over = True
            return []
        item = self._source.take()
        if item is None:
            return []
        data = self._encode(item)
        self._pacer.begin(len(data))
        return [data]

    def wake(self) -> None:
        self._source.wake()

    def task_done(self) -> None:
        self._pacer.done()
