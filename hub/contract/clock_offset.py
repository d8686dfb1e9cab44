"""How far a device's clock is from the hub's, by the times that the device puts into its messages."""

from __future__ import annotations

from collections import deque

from hub.contract.times import EARLIEST, LATEST

KEPT = 5


class ClockOffset:
    """The median of the last messages, so that one that was delivered late counts for nothing.

    A device that delivers all of its messages late looks like one whose clock is behind.
    """

    __slots__ = ("_seconds",)

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)

    def add(self, sent: float | None, received: float) -> None:
        """A message that was sent at `sent` by the device's clock; both in epoch seconds. None: it names no time."""
        if sent is not None and EARLIEST < sent < LATEST:
            self._seconds.append(sent - received)

    def set(self, seconds: float) -> None:
        """What somebody else has found. Raises ValueError for what is no number of seconds."""
        if not EARLIEST - LATEST < seconds < LATEST - EARLIEST:
            raise ValueError("no number of seconds between two clocks")
        self._seconds.clear()
        self._seconds.append(seconds)

    @property
    def seconds(self) -> float | None:
        """Seconds that the device's clock is ahead of the hub's; None where it never told its time."""
        seconds = sorted(self._seconds.copy())  # a copy: read on native threads, too
        if not seconds:
            return None
        middle = len(seconds) // 2  # statistics.median takes five times as long, for every camera at every look
        return round((seconds[middle] + seconds[-1 - middle]) / 2, 1)
