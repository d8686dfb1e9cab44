"""Searches in recorded videos as jobs: one runs, some wait, ended ones are kept for a while."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gevent.event import Event

from hub.contract.errors import NotFound, Unavailable
from hub.tracking.analysis import Analysis
from hub.tracking.envelope import Embedding
from hub.tracking.search import Search

KEPT, KEPT_SECONDS = 50, 3600.0
RETRY_SECONDS = 10
UNKNOWN = "There is no search of this id; ended searches are kept for an hour at most, and until the hub is restarted."


class Searches:
    """The searches of this run of the hub; nothing of them is stored. `run` is a supervised greenlet.

    `deleted_at`: when a person was deleted (epoch seconds); None where it was not. Searches for a deleted one are gone.
    """

    def __init__(self, analysis: Analysis, max_waiting: int, deleted_at: Callable[[str], float | None]) -> None:
        self._analysis, self._max_waiting, self._deleted_at = analysis, max_waiting, deleted_at
        self._searches: OrderedDict[str, Search] = OrderedDict()  # by id, oldest first
        self._waiting: deque[Search] = deque()
        self._running: Search | None = None
        self._wanted = Event()
        self._closed = False

    def run(self) -> None:
        """Run one search after the other until the hub ends."""
        while not self._closed:
            self._wanted.wait()
            self._wanted.clear()
            while self._waiting and not self._closed:
                self._running = self._waiting.popleft()
                try:
                    self._running.run(self._analysis)
                finally:
                    self._running = None
                    if self._waiting:
                        self._wanted.set()

    def add(self, path: Path, name: str, embedding: Embedding, max_distance: float, step: int) -> Search:
        """Queue a search of the file at `path`. Raises Unavailable when too many wait."""
        self._expire()
        if self._closed or len(self._waiting) + (self._running is not None) > self._max_waiting:
            raise Unavailable(
                f"{self._max_waiting} searches are waiting for their turn; try again when some have ended.",
                retry_after=RETRY_SECONDS,
            )
        search = Search(path, name, embedding, max_distance, step)
        self._searches[search.id] = search
        self._waiting.append(search)
        self._wanted.set()
        return search

    def get(self, search_id: str) -> Search:
        """A search by its id. Raises NotFound."""
        self._expire()
        search = self._searches.get(search_id)
        if search is None:
            raise NotFound(UNKNOWN)
        return search

    def cancel(self, search_id: str) -> Search:
        """End a search, whether it waits or runs. Raises NotFound."""
        search = self.get(search_id)
        self._remove(search)
        return search

    def close(self) -> None:
        """End every search; `run` then returns."""
        self._closed = True
        self._waiting.clear()
        for search in list(self._searches.values()):
            search.cancel()
        self._wanted.set()

    def status(self) -> dict[str, Any]:
        """For the status page."""
        running = self._running
        return {
            "waiting": len(self._waiting),
            "running": None if running is None else running.summary(),
            "kept": len(self._searches),
        }

    def _remove(self, search: Search) -> None:
        if search in self._waiting:
            self._waiting.remove(search)
        search.cancel()

    def _expire(self) -> None:
        """Forget searches for deleted persons, ended searches that are old, and the oldest ones over the limit."""
        for search in [one for one in self._searches.values() if self._deleted_at(one.person) is not None]:
            self._remove(search)
            del self._searches[search.id]
        ended = [search for search in self._searches.values() if search.ended.is_set()]
        ended.sort(key=lambda search: search.ended_at)
        limit = time.monotonic() - KEPT_SECONDS
        for number, search in enumerate(ended):
            if search.ended_at < limit or len(ended) - number > KEPT:
                del self._searches[search.id]
