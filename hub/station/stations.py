"""The state of every station: the last status that its agent sent, and whether it is online."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.access.name_register import NameRegister
from hub.contract.clock_offset import ClockOffset
from hub.contract.errors import TooManyRequests
from hub.contract.paging import json_size
from hub.contract.times import utc_text
from hub.live.bus import Bus
from hub.live.events import STATION_CHANGED
from hub.station.contract.status import StationStatus, parse_status
from hub.station.repository import STATIONS, StationRepository
from hub.store.backend import Row
from hub.store.transaction import Transaction
from hub.store.writer import StoreBusy, Writer

log = logging.getLogger(__name__)

SILENT_SECONDS = 20.0
SAVE_SECONDS = 60.0
DISPLACED_PER_MINUTE = 30
MAX_ADDRESS = 200
DELIVERED = 1  # the rank of a station that has sent a capture


@dataclass
class Known:
    """A station: its last status as shown, when it was received (epoch seconds, and monotonic: None before a start)."""

    shown: dict[str, Any]
    seen_at: float
    heard: float | None
    address: str = ""
    clock: ClockOffset = field(default_factory=ClockOffset)
    elsewhere: bool = False  # another hub has received it


class Stations:
    """Last status of each station by name: in memory, stored when its state changes and every minute."""

    def __init__(
        self,
        writer: Writer,
        repository: StationRepository,
        bus: Bus,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        max_stations: int,
    ) -> None:
        self._writer, self._repository, self._bus = writer, repository, bus
        self._now, self._monotonic = now, monotonic
        self._known: dict[str, Known] = {}
        self._saved: dict[str, tuple[str, float]] = {}
        self._online: set[str] = set()
        self._gone: set[str] = set()  # displaced stations, whose rows are still to be deleted
        self._to_tell: set[str] = set()  # stations of whose state other hubs do not know yet
        self.names = NameRegister(max_stations, DISPLACED_PER_MINUTE, monotonic)

    def load(self) -> None:
        """Load the stored statuses; every station is offline until it reports."""
        unreadable = self._repository.unreadable
        loaded = unreadable.load(self._repository.load, self._loaded, STATIONS)
        delivered = set(self._repository.delivered())
        for known in sorted(loaded, key=lambda known: known.seen_at):
            name = known.shown["station"]
            self._known[name] = known
            self.names.add(name, "", DELIVERED if name in delivered else 0)
        removed = self.names.trim()
        if removed:
            log.warning(
                "%d more stations are stored than the %d that the hub keeps; those silent longest are removed.",
                len(removed),
                self.names.max_names,
            )
            self._remove(removed)

    def _loaded(self, row: Row) -> Known:
        status = StationStatus.model_validate_json(row["status"])
        seen_at = min(row["seen_at"], self._now())  # a clock that was ahead
        known = Known(status.model_dump(mode="json"), seen_at, None)
        json_size(self._shown(known, 0.0))
        return known

    def report(self, status: StationStatus, address: str = "unknown address") -> dict[str, Any]:
        """Keep and publish the status that a station sent. Raises TooManyRequests where no other station gives way."""
        name, now = status.station, self._monotonic()
        if name in self._known:
            self.names.seen(name)
        else:
            gone = self.names.make_room(address)
            if gone is None:
                raise TooManyRequests(
                    f"This hub knows {self.names.max_names} stations already (limits.max_stations); give stations "
                    "lasting names.",
                    retry_after=60,
                )
            self._remove(gone)
            self._gone.discard(name)
            self.names.add(name, address)
        before = self._known.get(name)
        known = Known(status.model_dump(mode="json"), self._now(), now, address)
        if before is not None:
            known.clock = before.clock
        known.clock.add(status.sent_at, known.seen_at)
        self._known[name] = known
        self._online.add(name)
        self._to_tell.add(name)
        shown = self._shown(known, now)
        self._bus.publish(STATION_CHANGED, shown)
        self._save(name, status, known, now)
        return shown

    # -- other hubs

    def states_here(self, everything: bool) -> list[dict[str, Any]]:
        """The statuses that this hub has received itself, or those of them that it received since the last call."""
        told, self._to_tell = self._to_tell, set()
        now = self._monotonic()
        found = (
            (known, now - (known.heard or 0.0)) for name, known in self._known.items() if everything or name in told
        )
        return [
            {"age": round(age, 3), "address": known.address, "status": known.shown}
            for known, age in found
            if known.heard is not None and not known.elsewhere and age <= SILENT_SECONDS
        ]

    def state_elsewhere(self, state: dict[str, Any]) -> None:
        """Another hub has received a status. Raises KeyError, TypeError, ValueError or ContractError."""
        status = parse_status(state["status"])
        name, age = status.station, max(0.0, float(state["age"]))
        now = self._monotonic()
        before = self._known.get(name)
        if before is None and (len(self._known) >= self.names.max_names or not name):
            return
        if before is not None and before.heard is not None and before.heard > now - age:
            return
        address = str(state["address"])[:MAX_ADDRESS]
        known = Known(status.model_dump(mode="json"), self._now() - age, now - age, address, elsewhere=True)
        known.clock.add(status.sent_at, known.seen_at)
        self._known[name] = known
        self._gone.discard(name)
        if before is None:
            self.names.add(name, "")
        self._online.add(name)
        self._bus.publish(STATION_CHANGED, self._shown(known, now))

    def delivered(self, name: str) -> None:
        """A capture of a station was stored: others give way before it."""
        self.names.seen(name, DELIVERED)

    def _remove(self, names: list[str]) -> None:
        for name in names:
            self._known.pop(name, None)
            self._saved.pop(name, None)
            self._online.discard(name)
            self._to_tell.discard(name)
            self._gone.add(name)

    def _save(self, name: str, status: StationStatus, known: Known, now: float) -> None:
        saved = self._saved.get(name)
        if saved is not None and saved[0] == status.state and now - saved[1] < SAVE_SECONDS:
            return
        self._saved[name] = (status.state, now)
        row = {"name": name, "status": status.model_dump_json(), "seen_at": known.seen_at}
        gone, self._gone = self._gone, set()

        def job(transaction: Transaction) -> None:
            self._repository.delete_stations(transaction, gone)
            self._repository.upsert_station(transaction, row)

        try:
            self._writer.write(job)
        except StoreBusy as error:
            self._gone |= gone - self._known.keys()
            log.warning("The status of station '%s' was not saved: %s", name, error)

    def all(self) -> list[dict[str, Any]]:
        """Every known station, the one that reported last first."""
        now = self._monotonic()
        return [self._shown(known, now) for known in self.newest_first()]

    def newest_first(self) -> list[Known]:
        """The known stations, the one that reported last first."""
        return sorted(
            self._known.values(),
            key=lambda known: (known.heard is not None, known.heard or 0.0, known.seen_at),
            reverse=True,
        )

    def show(self, known: Known) -> dict[str, Any]:
        """A station as shown now."""
        return self._shown(known, self._monotonic())

    def watch(self) -> None:
        """Publish that a station went offline; called every second."""
        now = self._monotonic()
        for name in list(self._online):
            known = self._known[name]
            if not _is_online(known, now):
                self._online.discard(name)
                log.warning("Station '%s' has not spoken for %d seconds.", name, SILENT_SECONDS)
                self._bus.publish(STATION_CHANGED, self._shown(known, now))

    @staticmethod
    def _shown(known: Known, now: float) -> dict[str, Any]:
        return {**known.shown, "online": _is_online(known, now), "last_seen": utc_text(known.seen_at)}


def _is_online(known: Known, now: float) -> bool:
    return known.heard is not None and now - known.heard <= SILENT_SECONDS
