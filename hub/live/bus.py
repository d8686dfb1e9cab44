"""The in-process bus: services publish what has happened, `hub.subscriptions` decides who is notified."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

log = logging.getLogger(__name__)

Payload = TypeVar("Payload")


class EventName(str, Generic[Payload]):
    """The name of an event, with the type of its payload (`hub.live.events` has all of them)."""

    __slots__ = ()


class Bus:
    """In-process publish and subscribe.

    Subscribers run in the publisher's greenlet, in the order of subscription, and must not block: slow work belongs
    into a queue or to the supervisor. One that raises is logged, and the others are called all the same.
    """

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Callable[[Any], None]]] = {}

    def subscribe(self, event: EventName[Payload], subscriber: Callable[[Payload], None]) -> None:
        """Call `subscriber` with the payload of every `event` published from now on."""
        self._subscribers.setdefault(event, []).append(subscriber)

    def publish(self, event: EventName[Payload], payload: Payload) -> None:
        """Call every subscriber of `event`."""
        for subscriber in self._subscribers.get(event, ()):
            try:
                subscriber(payload)
            except Exception:  # a subscriber's failure must not affect the publisher or the other subscribers
                log.exception("A subscriber of '%s' failed.", event)
