"""The end that `python app.py stop` asks for."""

from __future__ import annotations

import logging
from collections.abc import Callable

import gevent

from tools.boot.stop_request import POLL_SECONDS, StopRequest

log = logging.getLogger(__name__)


def end_on_request(request: StopRequest, end: Callable[[], None]) -> None:
    """Call `end` once the request is made. A request of an earlier run is removed, and one that stays is ignored."""
    if not request.withdraw():
        log.warning("%s cannot be removed, so `stop` does nothing.", request.path)
        return
    while not request.is_made():
        gevent.sleep(POLL_SECONDS)
    log.info("The end was asked for with `stop`.")
    request.withdraw()
    end()
