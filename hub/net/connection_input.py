"""What a connection's peer sends, buffered and read with timeouts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import gevent.socket

from hub.net.transport import PeerDisconnected
from hub.runtime.budget import Budget
from hub.runtime.time_slice import TimeSlice

RECEIVE_BYTES = 64 * 1024
UNCOUNTED_BYTES = 16 * 1024
UNLIMITED = 1 << 62

Argument = TypeVar("Argument")
Received = TypeVar("Received")


class ConnectionInput:
    """The input of one connection; `buffer` holds the bytes that were read ahead of their use.

    Times are in seconds: each read waits that long for its first byte (TimeoutError) and raises `PeerDisconnected` when
    the connection breaks. `wait_seconds` is the time that reads have taken so far.
    """

    __slots__ = ("sock", "buffer", "time_slice", "wait_seconds", "budget", "counted")

    def __init__(self, sock: gevent.socket.socket, budget: Budget | None = None) -> None:
        self.sock = sock
        self.budget = budget or Budget("connection", UNLIMITED)
        self.buffer = bytearray()
        self.time_slice = TimeSlice()
        self.wait_seconds = 0.0
        self.counted = 0  # bytes of `buffer` that the budget counts

    def fill(self, seconds: float) -> bool:
        """Append what has arrived, at least one byte, to `buffer`; False when the peer has shut down its side."""
        self.time_slice.check()
        data = self._timed(self.sock.recv, RECEIVE_BYTES, seconds)
        self.buffer += data
        return bool(data)

    def count_buffer(self) -> None:
        """Count a large buffer in the budget, and one that has become small no more. Raises OverBudget."""
        size = len(self.buffer)
        more = (size if size > UNCOUNTED_BYTES else 0) - self.counted
        if more > 0:
            self.budget.take(more, small=True)
        else:
            self.budget.give_back(-more)
        self.counted += more

    def read_into(self, view: memoryview, seconds: float) -> int:
        """Fill some of `view`; the number of bytes, 0 when the peer has shut down its side."""
        if self.buffer:
            count = min(len(view), len(self.buffer))
            view[:count] = self.buffer[:count]
            del self.buffer[:count]
            return count
        self.time_slice.check()
        return self._timed(self.sock.recv_into, view, seconds)

    def _timed(self, receive: Callable[[Argument], Received], argument: Argument, seconds: float) -> Received:
        self.sock.settimeout(max(seconds, 0.001))
        began = time.perf_counter()
        try:
            return receive(argument)
        except TimeoutError:
            raise
        except OSError as error:
            raise PeerDisconnected(f"gone: {error.strerror or error}") from error
        finally:
            self.wait_seconds += time.perf_counter() - began
