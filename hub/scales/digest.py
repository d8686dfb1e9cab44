"""Scales for open pages: each that has changed, at most four times a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

from hub.scales.service import Scales

INTERVAL = 0.25  # seconds


class ScaleDigest:
    """`wake` never blocks; `run` is the supervised greenlet that passes the rows of changed scales to `publish`."""

    def __init__(
        self, scales: Scales, publish: Callable[[dict[str, Any]], None], has_listeners: Callable[[], bool]
    ) -> None:
        self._scales, self._publish, self._has_listeners = scales, publish, has_listeners
        self._published: dict[str, int] = {}
        self._changed = Event()

    def wake(self) -> None:
        """A scale may have changed."""
        if not self._changed.is_set() and self._has_listeners():
            self._changed.set()

    def run(self) -> None:
        """Publish what has changed, at most every INTERVAL."""
        while True:
            self._changed.wait()
            self._changed.clear()
            versions = self._scales.versions()
            for name, version in versions.items():
                if self._published.get(name) != version:
                    self._publish(self._scales.row(name))
            self._published = versions
            gevent.sleep(INTERVAL)
