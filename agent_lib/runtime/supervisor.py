"""Threads that are named, watched, counted and started again when they break down."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

_FIRST_REST_SECONDS, _LONGEST_REST_SECONDS = 0.2, 30.0


class Supervisor:
    """Runs functions in threads of their own until `stop`; one that raises is logged, counted and started again."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._restarts: dict[str, int] = {}
        self._errors: dict[str, str] = {}

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Run `work` in a thread called `name`. It is to return when `stopping` is set; returning earlier ends the
        thread.
        """
        self._restarts[name] = 0
        thread = threading.Thread(target=self._keep, args=(name, work), name=name, daemon=True)
        self._threads[name] = thread
        thread.start()

    def _keep(self, name: str, work: Callable[[], None]) -> None:
        rest = _FIRST_REST_SECONDS
        while not self.stopping.is_set():
            begun = time.monotonic()
            try:
                work()
                return
            except Exception as error:  # whatever it was, the station goes on
                self._restarts[name] += 1
                self._errors[name] = f"{type(error).__name__}: {error}"
                log.exception("The thread %s broke down (time %d); it is started again.", name, self._restarts[name])
            rest = (
                _FIRST_REST_SECONDS
                if time.monotonic() - begun > _LONGEST_REST_SECONDS
                else min(rest * 2, _LONGEST_REST_SECONDS)
            )
            self.stopping.wait(rest)

    def stop(self, seconds: float) -> list[str]:
        """End all threads; the names of those that still run after `seconds`."""
        self.stopping.set()
        end = time.monotonic() + seconds
        for thread in self._threads.values():
            thread.join(max(0.0, end - time.monotonic()))
        return [name for name, thread in self._threads.items() if thread.is_alive()]

    def status(self) -> dict[str, Any]:
        """By thread name: {"alive": bool, "restarts": n, "error": the last reason or ""}."""
        return {
            name: {"alive": thread.is_alive(), "restarts": self._restarts[name], "error": self._errors.get(name, "")}
            for name, thread in self._threads.items()
        }
