"""Supervised threads: named, logged, counted, and restarted when they fail."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

_FIRST_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.2, 30.0


class Supervisor:
    """Runs functions in threads of their own until `stop`; one that raises is logged, counted and restarted."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._owned: set[str] = set()
        self._restarts: dict[str, int] = {}
        self._errors: dict[str, str] = {}

    def run(self, name: str, work: Callable[[], None], owned: bool = False) -> threading.Thread:
        """Run `work` in a thread called `name`; it must return once `stopping` is set, and may return earlier.

        An `owned` thread is ended and joined by its caller, because a device may block it: `stop` does not wait.
        """
        self._restarts[name] = 0
        self._errors.pop(name, None)
        (self._owned.add if owned else self._owned.discard)(name)
        thread = threading.Thread(target=self._keep, args=(name, work), name=name, daemon=True)
        self._threads[name] = thread
        thread.start()
        return thread

    def _keep(self, name: str, work: Callable[[], None]) -> None:
        backoff = _FIRST_BACKOFF_SECONDS
        while not self.stopping.is_set():
            started = time.monotonic()
            try:
                work()
                return
            except Exception as error:  # any failure: the station must go on
                self._restarts[name] += 1
                self._errors[name] = f"{type(error).__name__}: {error}"
                log.exception("Thread %s failed (failure %d) and will be restarted.", name, self._restarts[name])
            ran_long = time.monotonic() - started > _MAX_BACKOFF_SECONDS
            backoff = _FIRST_BACKOFF_SECONDS if ran_long else min(backoff * 2, _MAX_BACKOFF_SECONDS)
            self.stopping.wait(backoff)

    def stop(self, seconds: float) -> list[str]:
        """Stop all threads; returns the names of those still running after `seconds`, `owned` ones left out."""
        self.stopping.set()
        end = time.monotonic() + seconds
        awaited = {name: thread for name, thread in self._threads.items() if name not in self._owned}
        for thread in awaited.values():
            thread.join(max(0.0, end - time.monotonic()))
        return [name for name, thread in awaited.items() if thread.is_alive()]

    def status(self) -> dict[str, Any]:
        """By thread name: {"alive": bool, "restarts": n, "error": the last reason or ""}."""
        return {
            name: {"alive": thread.is_alive(), "restarts": self._restarts[name], "error": self._errors.get(name, "")}
            for name, thread in self._threads.items()
        }
