"""The newest frame of a session that waits to be analysed; a newer one replaces it."""

from __future__ import annotations

from gevent.event import Event

from hub.contract.errors import Unavailable
from hub.runtime.budget import Budget, OverBudget
from hub.tracking.contract.messages import SingleFrame


class NewestFrame:
    """Holds at most one frame, and counts the bytes of it and of the one being analysed in `budget`."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._waiting: SingleFrame | None = None
        self._analysed = 0  # bytes of the frame taken last
        self._ready = Event()
        self._closed = False
        self.replaced = 0

    def put(self, frame: SingleFrame) -> None:
        """Let `frame` wait, in place of an older one. Raises Unavailable where the budget has no room for it."""
        if self._closed:
            return
        if self._waiting is not None:
            self._budget.give_back(len(self._waiting.frame))
            self._waiting = None
            self.replaced += 1
        try:
            self._budget.take(len(frame.frame))
        except OverBudget as error:
            raise Unavailable(
                "The hub has as many frames to analyse as it can hold; send fewer or smaller ones.", retry_after=1
            ) from error
        self._waiting = frame
        self._ready.set()

    def take(self) -> SingleFrame | None:
        """Wait for the next frame; None once closed. The frame taken before is no longer counted."""
        self._release()
        while self._waiting is None and not self._closed:
            self._ready.clear()
            self._ready.wait()
        frame, self._waiting = self._waiting, None
        if frame is not None:
            self._analysed = len(frame.frame)
        return frame

    def close(self) -> None:
        """Drop what waits; `take` returns None from now on."""
        self._closed = True
        if self._waiting is not None:
            self._budget.give_back(len(self._waiting.frame))
            self._waiting = None
        self._ready.set()

    def _release(self) -> None:
        self._budget.give_back(self._analysed)
        self._analysed = 0
