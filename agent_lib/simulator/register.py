"""Gives the vehicles of the simulated gate to the register of a hub on this machine, where that has none at all."""

from __future__ import annotations

import contextlib
import logging
import threading
from pathlib import Path
from typing import Any

import requests

from agent_lib.runtime.durable_files import replace_durably
from agent_lib.runtime.supervisor import Supervisor
from agent_lib.settings import HubSettings
from agent_lib.uplink.rest import short_reason
from agent_lib.uplink.tls import hub_session

log = logging.getLogger(__name__)

FILE_NAME = "simulated_vehicles.csv"
VEHICLES, IMPORT = "/api/vehicles", "/api/vehicles/import"
_TIMEOUT = (2.0, 20.0)
_FIRST_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.5, 30.0
_LAST_SECONDS = 1.0


def write_fleet(instance: Path, text: str) -> Path:
    """Write the file of the fleet into the instance folder; its path. Raises OSError."""
    path = instance / FILE_NAME
    replace_durably(path, text.encode("utf-8"))
    return path


class FleetRegister:
    """Asks the hub until it answers, gives it the fleet once, and ends; a hub without a register is left alone."""

    def __init__(self, settings: HubSettings, text: str) -> None:
        """`text`: the fleet as CSV."""
        self._settings, self._text = settings, text
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.outcome = ""  # a sentence, once it is done

    def start(self, supervisor: Supervisor | None = None) -> None:
        """Start asking, in a thread under `supervisor` or one of its own."""
        supervisor = supervisor or Supervisor()
        self._thread = supervisor.run("simulated-register", self._run, owned=True)

    def stop(self) -> None:
        """End the thread; a request that is under way may go on for a moment."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_LAST_SECONDS)

    def _run(self) -> None:
        backoff = _FIRST_BACKOFF_SECONDS
        with hub_session(self._settings.base, self._settings.ca, self._settings.headers) as session:
            while not self._stop.is_set():
                try:
                    self.outcome = self._offer(session)
                except (OSError, ValueError) as error:
                    reason = short_reason(error, self._settings.ca) if isinstance(error, OSError) else str(error)
                    log.debug("The register cannot be asked yet: %s.", reason)
                if self.outcome:
                    log.info("%s", self.outcome)
                    return
                self._stop.wait(backoff)
                backoff = min(backoff * 2, _MAX_BACKOFF_SECONDS)

    def _offer(self, session: requests.Session) -> str:
        """One try: what came of it, "" where the hub is to be asked again. Raises OSError, ValueError."""
        address = self._settings.base
        found = session.get(
            f"{address}{VEHICLES}", params={"limit": "1", "retired": "all"}, timeout=_TIMEOUT, allow_redirects=False
        )
        if found.status_code in (429, 503):
            return ""
        if found.status_code != 200:
            return f"The hub has no register that the simulated vehicles may be given to (HTTP {found.status_code})."
        if _vehicles(found):
            return "The register has vehicles already; the simulated ones are not added."
        answer = session.post(
            f"{address}{IMPORT}",
            data=self._text.encode("utf-8"),
            headers={"Content-Type": "text/csv; charset=utf-8"},
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
        if answer.status_code in (429, 503):
            return ""
        if answer.status_code not in (200, 201):
            return f"The register does not take the simulated vehicles (HTTP {answer.status_code})."
        return "The register was empty: it has the vehicles of the simulated gate now."


def _vehicles(answer: requests.Response) -> list[Any]:
    """The vehicles of a page of the register. Raises ValueError for an answer that is none."""
    body: Any = None
    with contextlib.suppress(ValueError):
        body = answer.json()
    vehicles = body.get("vehicles") if isinstance(body, dict) else None
    if not isinstance(vehicles, list):
        raise ValueError("the answer is not a page of vehicles")
    return vehicles
