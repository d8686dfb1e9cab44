"""Names of what happens in the hub, and the bus that tells it to those who asked.

Events are published after commit: who hears one can read the record. A subscriber that raises is logged and
disturbs nobody else; it must not block (hand slow work to a queue or the supervisor).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)


class Bus:
    """In-process publish and subscribe."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Callable[[Any], None]]] = {}

    def subscribe(self, event: str, subscriber: Callable[[Any], None]) -> None:
        self._subscribers.setdefault(event, []).append(subscriber)

    def publish(self, event: str, payload: Any) -> None:
        for subscriber in self._subscribers.get(event, ()):
            try:
                subscriber(payload)
            except Exception:  # one listener's failure is not another's
                log.exception("A listener of '%s' failed.", event)
