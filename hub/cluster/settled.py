"""Up to which number everything that other hubs stored has certainly been shown here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic

import gevent

from hub.contract.errors import RequestError
from hub.live.missed import Missed
from hub.store.errors import DatabaseError

log = logging.getLogger(__name__)

SECONDS = 2.0  # between two looks; records of this time are in flight


class Settled:
    """Notes the newest numbers now and then, and takes them as settled once every hub has been heard after that.

    A page that catches up begins there at the latest (`Missed`). While Redis or a hub is away nothing settles, so what
    was stored meanwhile is among what the page asks for when they are back.
    """

    def __init__(self, missed: Missed, complete_since: Callable[[float], bool]) -> None:
        self._missed, self._complete_since = missed, complete_since

    def run(self) -> None:
        """The greenlet."""
        noted: dict[str, int] = {}
        at = monotonic()
        while True:
            gevent.sleep(SECONDS)
            if noted and self._complete_since(at + SECONDS / 2):
                self._missed.settled.update(noted)
                noted = {}
            if noted:
                continue
            try:
                at, noted = monotonic(), self._missed.newest()
            except (RequestError, DatabaseError) as error:
                log.debug("The newest numbers are unknown: %s", error)
