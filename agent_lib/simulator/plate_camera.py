"""A simulated licence-plate camera: a client of the hub's own door for such cameras, over a real socket.

It behaves like generation G4 (docs/wire/lpr.md 1.1): a probe, then one POST for each record, and what was not answered
with 200 or 201 is sent again. It is let in like the agent that it runs in.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit

import requests

from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.simulator.sighting import Sighting, detection, health
from agent_lib.uplink.rest import short_reason
from agent_lib.uplink.tls import hub_session

log = logging.getLogger(__name__)

PATH = "/api/statistics"
HEALTH_SECONDS = 300.0
MAX_UNSENT = 50
_TIMEOUT = (2.0, 10.0)
_FIRST_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.5, 30.0
_LAST_SECONDS = 1.0


def is_let_in(settings: HubSettings) -> bool:
    """Whether a hub serves the camera as it is: one of this machine, or with a token.

    Elsewhere it would be one more device that waits until an operator lets it in. A plain WebSocket server is no hub.
    """
    return is_on_this_machine(settings) or not settings.raw and bool(settings.token)


def is_on_this_machine(settings: HubSettings) -> bool:
    """Whether this is a hub of this machine, by its address."""
    host = urlsplit(settings.base).hostname or ""
    return not settings.raw and (host == "localhost" or host == "::1" or host.startswith("127."))


class SimulatedPlateCamera:
    """Sends a detection of each vehicle that it is shown, and a health report at the start and every five minutes.

    `unsent` holds at most MAX_UNSENT detections; the oldest go first.
    """

    def __init__(self, settings: HubSettings) -> None:
        self._settings = settings
        self._address = f"{settings.base}{PATH}"
        self._changed = threading.Condition()
        self._unsent: deque[dict[str, Any]] = deque(maxlen=MAX_UNSENT)
        self._failed = False
        self._stopped = False
        self._thread: threading.Thread | None = None
        self.seen = 0
        self.sent = 0

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start sending, in a thread under `supervisor` or one of its own."""
        supervisor = supervisor or Supervisor()
        self._thread = supervisor.run("simulated-plate-camera", self._run, owned=True)

    def show(self, sighting: Sighting) -> None:
        """Let the camera see a vehicle; returns at once."""
        with self._changed:
            self.seen += 1
            self._unsent.append(detection(sighting, time.time()))
            self._changed.notify_all()

    def stop(self) -> None:
        """End the thread. What is unsent may still go within a second, unless the hub does not answer."""
        end = time.monotonic() + _LAST_SECONDS
        with self._changed:
            self._changed.wait_for(lambda: not self._unsent or self._failed, _LAST_SECONDS)
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        backoff, probed, report_due, said = _FIRST_BACKOFF_SECONDS, False, time.monotonic(), ""
        with hub_session(self._settings.base, self._settings.ca, self._settings.headers) as session:
            while not self._stopped:
                if not probed:
                    # As G4 does: only the status counts, and nothing is sent before it was answered.
                    reason = self._ask(session, None)
                    probed = not reason
                elif time.monotonic() >= report_due:
                    reason = self._ask(session, health(self.seen, time.time()))
                    report_due = time.monotonic() + (backoff if reason else HEALTH_SECONDS)
                else:
                    reason = self._send_oldest(session, report_due)
                if reason and reason != said:
                    log.warning("The simulated plate camera does not reach the hub: %s.", reason)
                elif said and not reason:
                    log.info("The simulated plate camera reaches the hub again.")
                said = reason
                if reason:
                    self._wait(backoff)
                backoff = min(backoff * 2, _MAX_BACKOFF_SECONDS) if reason else _FIRST_BACKOFF_SECONDS

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._failed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped, seconds)
            self._failed = False

    def _send_oldest(self, session: requests.Session, report_due: float) -> str:
        """Wait for a detection and send it; why that failed, or "". Returns when the next health report is due."""
        with self._changed:
            left = max(0.0, report_due - time.monotonic())
            self._changed.wait_for(lambda: self._stopped or self._unsent, left)
            if self._stopped or not self._unsent:
                return ""
            record = self._unsent[0]
        reason = self._ask(session, record)
        if not reason:
            with self._changed:
                self.sent += 1
                if self._unsent and self._unsent[0] is record:
                    self._unsent.popleft()
                self._changed.notify_all()
        return reason

    def _ask(self, session: requests.Session, record: dict[str, Any] | None) -> str:
        """Send a record, or the probe for None; why the hub did not take it, or ""."""
        try:
            if record is None:
                answer = session.get(self._address, timeout=_TIMEOUT, allow_redirects=False)
            else:
                answer = session.post(self._address, json=record, timeout=_TIMEOUT, allow_redirects=False)
        except OSError as error:
            return f"{self._settings.base}: {short_reason(error, self._settings.ca)}"
        return "" if answer.status_code in (200, 201) else f"{self._settings.base}: HTTP {answer.status_code}"
