"""Garbage collection that never stops the hub for long, however many connections it has.

CPython's full collections go through all objects that live, holding the GIL: with 2,000 connections for 150 ms of
processor time, on whichever thread happens to allocate. So what survives a full collection is frozen: the next one goes
through what is new since. Frozen objects are freed as others are once nothing refers to them; only those that are part
of a reference cycle stay. What lives long is therefore free of cycles when it ends (connections, for instance), and
should the frozen objects still grow without limit, they are gone through once.
"""

from __future__ import annotations

import gc
import logging
from time import monotonic
from typing import Any

import gevent

log = logging.getLogger(__name__)

# A full collection comes after three of the middle generation, each of which is of 7,000 new objects: so it goes
# through some 28,000 at most, whatever the hub holds.
THRESHOLDS = (700, 10, 3)
LOOK_SECONDS = 60.0
MARGIN = 1_000_000  # objects; a connection is about 70
FULL = 2


class Collector:
    """Sets up the collections of this process. `run` is its supervised greenlet."""

    def __init__(self, margin: int = MARGIN) -> None:
        self._margin = margin
        self._frozen = 0  # at most; those that were freed since are only known to `look`
        self._limit = 0
        self.thawed = 0

    def start(self) -> None:
        """Freeze what exists after the start (measured: Socket.IO p99 59 -> 12 ms), and from now on what survives."""
        gc.callbacks.append(self._on_collection)
        gc.set_threshold(*THRESHOLDS)
        gc.collect()
        gc.collect()  # CPython waits with full collections for a quarter of what survived the last one: of nothing now
        self._set_limit()

    def stop(self) -> None:
        """Let the collections be CPython's own again."""
        gc.callbacks.remove(self._on_collection)

    def run(self) -> None:
        """Look at the number of frozen objects now and then."""
        while True:
            gevent.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Go through the frozen objects where they have become far more than there were after the last time.

        To count 300,000 of them takes 40 ms, so it is done only where there may be too many.
        """
        if self._frozen <= self._limit:
            return
        self._frozen = before = gc.get_freeze_count()
        if before <= self._limit:
            return
        began = monotonic()
        gc.unfreeze()
        gc.collect()
        gc.collect()
        self.thawed += 1
        self._set_limit()
        log.info(
            "Of %d objects that live long %d were left over; to find them has taken %.0f ms.",
            before,
            before - self._frozen,
            (monotonic() - began) * 1000,
        )

    def _set_limit(self) -> None:
        self._frozen = gc.get_freeze_count()
        self._limit = max(2 * self._frozen, self._frozen + self._margin)

    def _on_collection(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "stop" and info["generation"] == FULL:
            self._frozen += len(gc.get_objects(FULL))
            gc.freeze()
