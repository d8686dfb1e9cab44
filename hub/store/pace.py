"""Steps of work on the writer that nobody waits for: small enough that nobody notices them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic, thread_time
from typing import NamedTuple, TypeVar

import gevent

from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)

T = TypeVar("T")

TARGET_SECONDS = 0.008  # of the statements of one step
MOST_SECONDS = 0.03  # with its commit; nobody may wait for 50 ms
SLOW_SECONDS = 0.05  # statements that take longer are logged
FIRST_ITEMS = 20  # a commit of fewer is hardly faster: it is the disk that is slow, and records would come faster
SHARE = 2.0  # seconds of pause for each second of statements; commits are shared with the records that arrive
MIN_PAUSE, MAX_PAUSE = 0.01, 2.0


class Pace(NamedTuple):
    """How large the steps are: seconds of statements, with the commit, and of pause for each second of statements."""

    target: float = TARGET_SECONDS
    most: float = MOST_SECONDS
    share: float = SHARE


UNHURRIED = Pace()


class PacedWriter:
    """`write(job)` like the writer's, for jobs of up to `items` rows or files; their number follows the time taken."""

    def __init__(self, writer: Writer, most: int, pace: Pace = UNHURRIED) -> None:
        """`most`: items of one step."""
        self._writer, self._most, self._pace = writer, most, pace
        self.items = min(FIRST_ITEMS, most)
        self.longest_ms = self.longest_work_ms = 0.0  # of a step with its commit, and of its statements
        self._pause = 0.0

    def write(self, job: Callable[[Transaction], T]) -> T:
        """The result of a job, once it is durable; pauses first, as long as the last one requires. Raises StoreBusy."""
        gevent.sleep(self._pause)
        began, worked, ended, busy = 0.0, 0.0, 0.0, 0.0

        def durable() -> None:
            nonlocal ended
            ended = monotonic()

        def timed(transaction: Transaction) -> T:
            nonlocal began, worked, busy
            began, busy = monotonic(), thread_time()
            transaction.after_commit.append(durable)
            result = job(transaction)
            worked, busy = monotonic(), thread_time() - busy
            return result

        result = self._writer.write(timed)
        self._after(worked - began, ended - began, busy)
        return result

    def _after(self, work: float, total: float, busy: float) -> None:
        """The statements of a step took so long, and all of it: set the size of the next one, and the pause before.

        busy: what the statements took of the processor; they may only have waited for it, and for the disk.
        """
        if work > SLOW_SECONDS:
            log.info(
                "A step of %d rows or files held the writer for %.0f ms, %.0f of them with the processor.",
                self.items,
                work * 1000,
                busy * 1000,
            )
        self.longest_ms = max(self.longest_ms, total * 1000)
        self.longest_work_ms = max(self.longest_work_ms, work * 1000)
        first = min(FIRST_ITEMS, self._most)
        if busy > 1.5 * self._pace.target:
            self.items = max(1, self.items * 2 // 3)
        elif (work > 1.5 * self._pace.target or total > self._pace.most) and self.items > first:
            self.items = max(first, self.items * 2 // 3)
        elif work < self._pace.target and (total < self._pace.most / 2 or self.items < first):
            self.items = min(self._most, self.items + max(1, self.items // 4))
        self._pause = min(MAX_PAUSE, max(MIN_PAUSE, self._pace.share * work))
