"""Steps of work on the writer that nobody waits for: small enough that nobody notices them."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

import gevent

from hub.store.transaction import Transaction
from hub.store.writer import Writer

T = TypeVar("T")

TARGET_SECONDS = 0.012  # of one step, its commit included; nobody may wait for 50 ms
FIRST_ITEMS = 20
SHARE = 2.0  # seconds of pause for each second of work
MIN_PAUSE, MAX_PAUSE = 0.02, 2.0


class PacedWriter:
    """`write(job)` like the writer's, for jobs of up to `items` rows or files; their number follows the time taken."""

    def __init__(self, writer: Writer, most: int) -> None:
        """`most`: items of one step."""
        self._writer, self._most = writer, most
        self.items = min(FIRST_ITEMS, most)
        self.longest_ms = 0.0
        self._pause = 0.0

    def write(self, job: Callable[[Transaction], T]) -> T:
        """The result of a job, once it is durable; pauses first, as long as the last one requires. Raises StoreBusy."""
        gevent.sleep(self._pause)
        began = [0.0]

        def timed(transaction: Transaction) -> T:
            began[0] = monotonic()
            return job(transaction)

        result = self._writer.write(timed)
        self._after(monotonic() - began[0])
        return result

    def _after(self, seconds: float) -> None:
        """A step took so long: set the size of the next one, and the pause before it."""
        self.longest_ms = max(self.longest_ms, seconds * 1000)
        if seconds > 1.5 * TARGET_SECONDS:
            self.items = max(1, int(self.items * max(0.25, TARGET_SECONDS / seconds)))
        elif seconds < 0.7 * TARGET_SECONDS:
            self.items = min(self._most, self.items + max(1, self.items // 4))
        self._pause = min(MAX_PAUSE, max(MIN_PAUSE, SHARE * seconds))
