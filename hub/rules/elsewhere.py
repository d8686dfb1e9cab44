"""Captures that other hubs have stored, for rules about stations that are silent."""

from __future__ import annotations

import logging
from collections.abc import Callable

from hub.contract.errors import RequestError
from hub.runtime.log_throttle import LogThrottle
from hub.store.errors import DatabaseError
from hub.store.feeds import Feed

log = logging.getLogger(__name__)

PAGE = 200
MAX_PAGES = 50  # of one look; beyond them the newest are looked at


class CapturesElsewhere:
    """`look` tells of every capture that was stored since the last call. `captured`: with a station."""

    def __init__(self, feed: Feed, captured: Callable[[str], None]) -> None:
        self._feed, self._captured = feed, captured
        self._at: int | None = None
        self._throttle = LogThrottle(60.0)

    def look(self) -> None:
        """Tell of the new captures; where they cannot be read now, at the next call."""
        try:
            newest = self._feed.newest()
            at = newest if self._at is None else max(self._at, newest - PAGE * MAX_PAGES)
            while at < newest:
                page = self._feed.after(at, PAGE)
                for item in page.items:
                    self._captured(item.subject)
                at = page.end if page.end > at else newest
            self._at = newest
        except (RequestError, DatabaseError) as error:
            if self._throttle.due():
                log.warning("Rules do not see the captures of other hubs: %s", error)
