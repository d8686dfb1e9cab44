"""Lanes: bounded pools of native threads, one for each kind of slow work, so that no kind delays another.

gevent has one thread pool for everything: ten slow pictures in it stop every read of the database for minutes. A lane has threads of its
own and a bounded queue; one job more is refused with 503 instead of waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from gevent.threadpool import ThreadPool

from hub.contract.errors import Unavailable
from hub.runtime.offload import in_pool

P = ParamSpec("P")
T = TypeVar("T")


class LaneBusy(Unavailable):
    """A lane has as many pending jobs as it may have (503)."""


class Lane:
    """`run(function, ...)` runs it on one of the lane's threads and waits without blocking the event loop."""

    def __init__(self, name: str, threads: int, pending: int, retry_after: int = 2) -> None:
        self.name, self._threads, self._limit, self._retry_after = name, threads, pending, retry_after
        self._pool = ThreadPool(threads)
        self.pending = self.done = self.refused = 0
        self.longest_ms = 0.0

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result; its exception is raised here. Raises LaneBusy when too many jobs are pending."""
        if self.pending >= self._limit:
            self.refused += 1
            raise LaneBusy(
                f"The hub has as many jobs for {self.name} pending as it may have. Try again in a few seconds.",
                retry_after=self._retry_after,
            )
        self.pending += 1
        began = time.monotonic()
        try:
            return in_pool(self._pool, function, *args, **kwargs)
        finally:
            self.pending -= 1
            self.done += 1
            self.longest_ms = max(self.longest_ms, (time.monotonic() - began) * 1000)

    def status(self) -> dict[str, Any]:
        """For the status page; `longest_ms` is the longest time that a job took, its wait included."""
        return {
            "name": self.name,
            "threads": self._threads,
            "pending": self.pending,
            "done": self.done,
            "refused": self.refused,
            "longest_ms": round(self.longest_ms, 1),
        }
