"""Work beside the requests: supervised greenlets, and `offload()` for what would hold the event loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

log = logging.getLogger(__name__)

RESTART_SECONDS = (0.1, 0.5, 2.0, 10.0)
HEALTHY_SECONDS = 60.0


class Task:
    """One supervised greenlet and what became of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.greenlet: gevent.Greenlet | None = None
        self.restarts = 0
        self.error = ""
        self.started = time.time()

    def status(self) -> dict[str, Any]:
        alive = self.greenlet is not None and not self.greenlet.dead
        return {
            "name": self.name,
            "running": alive,
            "restarts": self.restarts,
            "error": self.error,
            "started": self.started,
        }


class Supervisor:
    """Names, logs, counts and restarts the hub's greenlets; its `status()` is shown on the status page."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._short: set[gevent.Greenlet] = set()
        self._stopping = Event()

    def keep(self, name: str, function: Callable[..., Any], *args: Any) -> None:
        """Run `function` for as long as the hub lives; when it raises it is logged and started again after a pause."""
        task = self._tasks[name] = Task(name)
        task.greenlet = gevent.spawn(self._keep, task, function, args)

    def spawn(self, name: str, function: Callable[..., Any], *args: Any) -> gevent.Greenlet:
        """Run `function` once; an exception is logged with the name."""
        greenlet = gevent.spawn(self._once, name, function, args)
        self._short.add(greenlet)
        greenlet.rawlink(self._short.discard)
        return greenlet

    def _keep(self, task: Task, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                function(*args)
                return
            except Exception as error:  # the supervisor is where every task's failure ends
                task.error = f"{type(error).__name__}: {error}"
                task.restarts += 1
                log.exception("%s failed and is started again.", task.name)
            failures = 0 if time.monotonic() - began > HEALTHY_SECONDS else failures + 1
            self._stopping.wait(RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)])

    def _once(self, name: str, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            function(*args)
        except Exception:  # as above
            log.exception("%s failed.", name)

    def join(self, name: str, timeout: float) -> None:
        """Wait for a kept task to end by itself."""
        greenlet = self._tasks[name].greenlet
        if greenlet is not None:
            greenlet.join(timeout)

    def status(self) -> list[dict[str, Any]]:
        """One row per kept task, for the status page."""
        return [task.status() for task in self._tasks.values()]

    def stop(self, timeout: float) -> None:
        """End every task; those that do not end by themselves within `timeout` seconds are ended."""
        self._stopping.set()
        running = [task.greenlet for task in self._tasks.values() if task.greenlet is not None] + list(self._short)
        gevent.killall(running, block=True, timeout=timeout)
