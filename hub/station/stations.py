"""The state of every station: the last status that its agent sent, and whether it is online."""

from __future__ import annotations

import logging
import time
from typing import Any

import orjson

from hub.contract.errors import TooManyRequests
from hub.contract.times import utc_text
from hub.live.bus import Bus
from hub.live.events import STATION_CHANGED
from hub.station.contract.status import StationStatus
from hub.station.repository import StationRepository
from hub.store.transaction import Transaction
from hub.store.writer import StoreBusy, Writer

log = logging.getLogger(__name__)

SILENT_SECONDS = 20.0
SAVE_SECONDS = 60.0
MAX_STATIONS = 200


class Stations:
    """Last status of each station by name: in memory, stored when its state changes and every minute."""

    def __init__(self, writer: Writer, repository: StationRepository, bus: Bus) -> None:
        self._writer, self._repository, self._bus = writer, repository, bus
        self._known: dict[str, tuple[StationStatus, float]] = {}
        self._saved: dict[str, tuple[str, float]] = {}
        self._online: dict[str, bool] = {}

    def load(self) -> None:
        """Load the stored statuses; every station is offline until it reports."""
        for row in self._repository.load():
            status = StationStatus.model_validate(orjson.loads(row["status"]))
            self._known[status.station] = (status, row["seen_at"])
            self._online[status.station] = False

    def report(self, status: StationStatus) -> dict[str, Any]:
        """Keep and publish the status that a station sent. Raises TooManyRequests for one station too many."""
        name, now = status.station, time.time()
        if name not in self._known and len(self._known) >= MAX_STATIONS:
            raise TooManyRequests(
                f"This hub knows {MAX_STATIONS} stations already; give stations lasting names.",
                retry_after=60,
            )
        self._known[name] = (status, now)
        self._online[name] = True
        shown = self._public(status, now, now)
        self._bus.publish(STATION_CHANGED, shown)
        self._save(name, status, now)
        return shown

    def _save(self, name: str, status: StationStatus, now: float) -> None:
        state, saved = self._saved.get(name, ("", 0.0))
        if state == status.state and now - saved < SAVE_SECONDS:
            return
        self._saved[name] = (status.state, now)
        row = {"name": name, "status": status.model_dump_json(), "seen_at": now}

        def job(transaction: Transaction) -> None:
            self._repository.upsert_station(transaction, row)

        try:
            self._writer.write(job)
        except StoreBusy as error:
            log.warning("The status of station '%s' was not saved: %s", name, error)

    def all(self) -> list[dict[str, Any]]:
        """Every known station, the one that reported last first."""
        now = time.time()
        rows = sorted(self._known.values(), key=lambda item: item[1], reverse=True)
        return [self._public(status, seen, now) for status, seen in rows]

    def watch(self) -> None:
        """Publish that a station went offline; called every second."""
        now = time.time()
        for name, (status, seen) in self._known.items():
            if self._online.get(name) and now - seen > SILENT_SECONDS:
                self._online[name] = False
                log.warning("Station '%s' has not spoken for %d seconds.", name, SILENT_SECONDS)
                self._bus.publish(STATION_CHANGED, self._public(status, seen, now))

    @staticmethod
    def _public(status: StationStatus, seen: float, now: float) -> dict[str, Any]:
        shown = status.model_dump(mode="json")
        shown["online"] = now - seen <= SILENT_SECONDS
        shown["last_seen"] = utc_text(seen)
        return shown
