"""A check of the database file in the background, a moment after the start and for a few seconds at most."""

from __future__ import annotations

import logging

import gevent

from hub.runtime.offload import offload
from hub.store.backend import Backend
from hub.store.database_faults import DatabaseFaults

log = logging.getLogger(__name__)

DELAY_SECONDS = 2.0
LIMIT_SECONDS = 3.0  # a file that takes longer is checked in part: reads of its rows report the rest


class DatabaseCheck:
    """`run` reports damage to `faults`; `stop` ends it early."""

    def __init__(self, backend: Backend, faults: DatabaseFaults) -> None:
        self._checker, self._faults = backend.checker(), faults

    def run(self) -> None:
        """Check once."""
        gevent.sleep(DELAY_SECONDS)
        timer = gevent.spawn_later(LIMIT_SECONDS, self._checker.stop)
        try:
            found = offload(self._checker.check)
        finally:
            timer.kill(block=False)
        if found:
            self._faults.report_check(found)

    def stop(self) -> None:
        """End the check; the connection is closed a moment later."""
        self._checker.stop()
