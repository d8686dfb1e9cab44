"""What waits to be sent to Redis: bounded by number and bytes, the oldest are left out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from gevent.event import Event

MAX_MESSAGES = 20_000
BATCH_MESSAGES = 256
BATCH_BYTES = 1024 * 1024

Command = tuple[str | bytes, ...]  # such as ("PUBLISH", channel, payload); the third part is what counts


class Outbox:
    """Commands in order. One with a key takes the place of the queued one with the same key, at the end."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._messages: OrderedDict[Hashable, Command] = OrderedDict()
        self._count = 0
        self._ready = Event()
        self.queued_bytes = 0
        self.left_out = self.replaced = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, command: Command, key: Hashable = None) -> None:
        """Add a command; never blocks."""
        size = len(command[2])
        if size > self._max_bytes:
            self.left_out += 1
            return
        if key is None:
            self._count += 1
            key = self._count
        elif key in self._messages:
            self._remove(key)
            self.replaced += 1
        while self._messages and (len(self._messages) >= MAX_MESSAGES or self.queued_bytes + size > self._max_bytes):
            self._remove(next(iter(self._messages)))
            self.left_out += 1
        self._messages[key] = command
        self.queued_bytes += size
        self._ready.set()

    def take(self) -> list[Command]:
        """Remove and return the commands of the next write, oldest first; waits for the first one."""
        while not self._messages:
            self._ready.clear()
            self._ready.wait()
        batch: list[Command] = []
        size = 0
        while self._messages and len(batch) < BATCH_MESSAGES and size < BATCH_BYTES:
            message = self._remove(next(iter(self._messages)))
            batch.append(message)
            size += len(message[2])
        return batch

    def clear(self) -> None:
        """Leave out everything that waits."""
        self.left_out += len(self._messages)
        self._messages.clear()
        self.queued_bytes = 0

    def _remove(self, key: Hashable) -> Command:
        message = self._messages.pop(key)
        self.queued_bytes -= len(message[2])
        return message
