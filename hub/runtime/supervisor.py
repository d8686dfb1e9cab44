"""Supervised greenlets: the work that runs beside the requests."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import gevent
from gevent.event import Event

from hub.runtime.time_limit import time_limit

log = logging.getLogger(__name__)

BACKOFF_SECONDS = (0.1, 0.5, 2.0, 10.0)
# A task that ran for longer before it failed is restarted with the first pause again.
HEALTHY_SECONDS = 60.0

Greenlet: TypeAlias = "gevent.Greenlet[..., Any]"


class Task:
    """One supervised greenlet with its restarts and its last error. `started` is in epoch seconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.greenlet: Greenlet | None = None
        self.restarts = 0
        self.error = ""
        self.started = time.time()

    def status(self) -> dict[str, Any]:
        """One row of the status page."""
        alive = self.greenlet is not None and not self.greenlet.dead
        return {
            "name": self.name,
            "running": alive,
            "restarts": self.restarts,
            "error": self.error,
            "started": self.started,
        }


class Supervisor:
    """Names, logs, counts and restarts the hub's greenlets."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._one_off: set[Greenlet] = set()
        self._stopping = Event()

    def keep(self, name: str, function: Callable[..., Any], *args: Any) -> None:
        """Run `function` until it returns or the hub ends; when it raises, log that and restart it after a pause."""
        task = self._tasks[name] = Task(name)
        task.greenlet = gevent.spawn(self._keep, task, function, args)

    def spawn(self, name: str, function: Callable[..., Any], *args: Any) -> Greenlet:
        """Run `function` once; an exception is logged with `name`."""
        greenlet = gevent.spawn(self._once, name, function, args)
        self._one_off.add(greenlet)
        greenlet.rawlink(self._one_off.discard)
        return greenlet

    def _keep(self, task: Task, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                function(*args)
                return
            except Exception as error:  # the last handler of every task
                task.error = f"{type(error).__name__}: {error}"
                task.restarts += 1
                log.exception("%s failed and is started again.", task.name)
            failures = 0 if time.monotonic() - began > HEALTHY_SECONDS else failures + 1
            self._stopping.wait(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])

    def _once(self, name: str, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            function(*args)
        except Exception:  # as above
            log.exception("%s failed.", name)

    def join(self, name: str, timeout: float) -> None:
        """Wait up to `timeout` seconds for a kept task to return. Raises KeyError for an unknown name."""
        greenlet = self._tasks[name].greenlet
        if greenlet is not None:
            greenlet.join(timeout)

    def status(self) -> list[dict[str, Any]]:
        """One row for each kept task."""
        return [task.status() for task in self._tasks.values()]

    def stop(self, timeout: float) -> None:
        """Kill every greenlet and wait up to `timeout` seconds for them to end."""
        self._stopping.set()
        running = [task.greenlet for task in self._tasks.values() if task.greenlet is not None] + list(self._one_off)
        with time_limit(timeout):
            gevent.killall(running, block=True)
