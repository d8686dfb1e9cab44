"""Lanes: bounded pools of native threads, one for each kind of slow work, so that no kind delays another.

gevent has one thread pool for everything: ten slow pictures in it stop every read of the database for minutes. A lane
has threads of its own and a bounded queue; one job more is refused with 503 instead of waiting.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, ParamSpec, TypeVar

from gevent.threadpool import ThreadPool

from hub.contract.errors import Unavailable
from hub.runtime.offload import in_pool
from hub.runtime.time_limit import time_limit

P = ParamSpec("P")
T = TypeVar("T")
MB = 1024 * 1024
# Of a lane whose jobs keep a processor busy: one processor is left to the event loop.
BUSY_THREADS = max(1, min(2, (os.cpu_count() or 1) - 1))
CLOSE_SECONDS = 1.0  # a thread that is busy for longer ends with the process


class LaneBusy(Unavailable):
    """A lane has as many pending jobs as it may have (503)."""


class Lane:
    """`run(function, ...)` runs it on one of the lane's threads and waits without blocking the event loop.

    `max_bytes`: what pending jobs may hold in memory together; one alone may hold more.
    """

    def __init__(
        self, name: str, threads: int, pending: int, retry_after: int = 2, max_bytes: int | None = None
    ) -> None:
        self.name, self._threads, self._limit, self._retry_after = name, threads, pending, retry_after
        self._max_bytes = max_bytes
        self._pool = ThreadPool(threads)
        self.pending = self.pending_bytes = self.done = self.refused = 0
        self.longest_ms = 0.0

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result; its exception is raised here. Raises LaneBusy when too many jobs are pending."""
        with self.admitted():
            return self.resume(function, *args, **kwargs)

    @contextmanager
    def admitted(self, size: int = 0) -> Iterator[None]:
        """Count one pending job that holds `size` bytes; its steps run by `resume`. Raises LaneBusy."""
        full = self._max_bytes is not None and self.pending and self.pending_bytes + size > self._max_bytes
        if self.pending >= self._limit or full:
            self.refused += 1
            raise LaneBusy(
                f"The hub has as many jobs for {self.name} pending as it may have. Try again in a few seconds.",
                retry_after=self._retry_after,
            )
        self.pending += 1
        self.pending_bytes += size
        try:
            yield
        finally:
            self.pending -= 1
            self.pending_bytes -= size

    def resume(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a step of a job that was admitted before; it is never refused."""
        began = time.monotonic()
        try:
            return in_pool(self._pool, function, *args, **kwargs)
        finally:
            self.done += 1
            self.longest_ms = max(self.longest_ms, (time.monotonic() - began) * 1000)

    def status(self) -> dict[str, Any]:
        """For the status page; `longest_ms` is the longest time that a job took, its wait included."""
        return {
            "name": self.name,
            "threads": self._threads,
            "pending": self.pending,
            "limit": self._limit,
            "done": self.done,
            "refused": self.refused,
            "longest_ms": round(self.longest_ms, 1),
        }

    def close(self) -> None:
        """End the idle threads."""
        with time_limit(CLOSE_SECONDS):
            self._pool.kill()


@dataclass(frozen=True)
class Lanes:
    """Every lane of the hub."""

    pictures: Lane = field(default_factory=lambda: Lane("pictures", BUSY_THREADS, 200, max_bytes=128 * MB))
    # One thread: what decoding a large picture holds in memory is held once.
    large_pictures: Lane = field(default_factory=lambda: Lane("large pictures", 1, 40, 5, max_bytes=96 * MB))
    # Live pictures scaled down for small tiles; a viewer is sent the full one where this is busy.
    live_pictures: Lane = field(default_factory=lambda: Lane("live pictures", BUSY_THREADS, 8))
    # Smaller versions for lists: one thread of its own, so that a page full of them delays no record.
    thumbnails: Lane = field(default_factory=lambda: Lane("thumbnails", 1, 400, max_bytes=96 * MB))
    reads: Lane = field(default_factory=lambda: Lane("database reads", 4, 1000))
    # Reads that may scan a table.
    searches: Lane = field(default_factory=lambda: Lane("searches", BUSY_THREADS, 16))
    files: Lane = field(default_factory=lambda: Lane("stored pictures", 4, 500))
    # The parser holds the GIL: a second thread would decode no faster and delay the event loop more.
    json: Lane = field(default_factory=lambda: Lane("large JSON", 1, 64))
    # Files that are made for readers, row by row.
    exports: Lane = field(default_factory=lambda: Lane("exports", 1, 16))
    # Work that nobody waits for: the sizes of folders, smaller packs.
    upkeep: Lane = field(default_factory=lambda: Lane("upkeep", 1, 16))
    # Hashing a password takes 32 MB and 0.1 s: one at a time.
    passwords: Lane = field(default_factory=lambda: Lane("passwords", 1, 16))

    def all(self) -> list[Lane]:
        """The lanes in the order of their declaration."""
        return [getattr(self, each.name) for each in fields(self)]

    def status(self) -> list[dict[str, Any]]:
        """For the status page."""
        return [lane.status() for lane in self.all()]

    def close(self) -> None:
        """End the idle threads of every lane."""
        for lane in self.all():
            lane.close()
