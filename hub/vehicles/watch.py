"""Plates of vehicles to be stopped or watched, matched with every detection: `hub.contract.plates.PlateWatch`."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from hub.contract.errors import Conflict
from hub.contract.plates import Plate, fold_plate
from hub.contract.times import local_text
from hub.contract.vehicles import DENY, PLATE, WATCH
from hub.live.bus import Bus
from hub.live.events import WATCHLIST_ALERT, RecordStored
from hub.vehicles.identifiers import value_of
from hub.vehicles.vehicle import Vehicle

log = logging.getLogger(__name__)

MAX_PLATES = 10_000
ACTIONS = {DENY: "deny", WATCH: "allow"}
"""The action of an entry of the watchlist by the permission of its vehicle."""


class WatchedPlates:
    """Up to MAX_PLATES plates in memory, each durable before it is matched."""

    def __init__(self, bus: Bus, zone: tzinfo | None = None, now: Callable[[], float] = time.time) -> None:
        self._bus, self._zone, self._now = bus, zone, now
        self._vehicles: dict[str, Vehicle] = {}
        self._exact: dict[str, Vehicle] = {}
        self._similar: dict[str, dict[str, Vehicle]] = {}  # folded plate -> plate -> vehicle
        self.left_out = 0  # vehicles that were not loaded for want of room

    def load(self, vehicles: Iterable[Vehicle]) -> None:
        """Watch these vehicles only."""
        self._vehicles, self._exact, self._similar, self.left_out = {}, {}, {}, 0
        self.add(vehicles)

    def replace(self, vehicles: Iterable[Vehicle]) -> None:
        """Watch these vehicles only; what has not changed stays."""
        wanted = {vehicle.id: vehicle for vehicle in vehicles}
        changed = [vehicle for vehicle in wanted.values() if self._vehicles.get(vehicle.id) != vehicle]
        gone = [vehicle for vehicle in self._vehicles.values() if wanted.get(vehicle.id) != vehicle]
        for vehicle in gone:  # first, since a plate may have passed from one to another
            self.put(replace(vehicle, identifiers=()))
        self.left_out = 0
        self.add(changed)

    def add(self, vehicles: Iterable[Vehicle]) -> None:
        """Watch these vehicles, too, as far as there is room."""
        for vehicle in vehicles:
            if self.room() < len(plates_of(vehicle)):
                self.left_out += 1
            else:
                self.put(vehicle)
        for text in self.warnings():
            log.warning("%s", text)

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        if not self.left_out:
            return []
        return [
            f"The plates of {self.left_out} vehicles are not watched: {MAX_PLATES} plates is all that can be. "
            "Retire vehicles that need not be stopped or watched any more."
        ]

    def room(self) -> int:
        """How many more plates can be watched."""
        return MAX_PLATES - len(self._exact)

    def check_room(self, plates: int) -> None:
        """Raises Conflict where so many more plates cannot be watched."""
        if plates > self.room():
            raise Conflict(f"The watchlist holds {MAX_PLATES} entries, which is all it can; remove some first.")

    def put(self, vehicle: Vehicle) -> None:
        """A vehicle is stored as it is now: its plates are watched from here on, or no longer."""
        before = self._vehicles.pop(vehicle.id, None)
        for _, value in plates_of(before) if before is not None else ():
            self._exact.pop(value, None)
            similar = self._similar.get(fold_plate(value), {})
            similar.pop(value, None)
            if not similar:
                self._similar.pop(fold_plate(value), None)
        if not vehicle.is_watched:
            return
        self._vehicles[vehicle.id] = vehicle
        for _, value in plates_of(vehicle):
            self._exact[value] = vehicle
            if vehicle.match == "similar":
                self._similar.setdefault(fold_plate(value), {})[value] = vehicle

    def get(self, vehicle_id: str) -> Vehicle | None:
        """A watched vehicle by its id."""
        return self._vehicles.get(vehicle_id)

    def by_plate(self, value: str) -> Vehicle | None:
        """The watched vehicle that has this plate."""
        return self._exact.get(value)

    def newest_first(self) -> list[Vehicle]:
        """Every watched vehicle, the newest first."""
        return sorted(self._vehicles.values(), key=lambda vehicle: -vehicle.created_at)

    def deny_count(self) -> int:
        """How many vehicles are to be stopped."""
        return sum(vehicle.permission == DENY for vehicle in self._vehicles.values())

    def match(self, plates: list[Plate]) -> list[dict[str, Any]]:
        """The vehicles that these plates match: the same characters, else look-alikes with where they differ."""
        if not self._vehicles:
            return []
        found, now = [], self._now()
        for plate in plates:
            exact = self._exact.get(plate.plate)
            if exact is not None and exact.is_valid(now):
                found.append(_match(exact, plate.plate, plate))
                continue
            for listed, vehicle in self._similar.get(fold_plate(plate.plate), {}).items():
                if vehicle.is_valid(now):
                    found.append(_match(vehicle, listed, plate))
        return found

    def on_detection(self, event: RecordStored) -> None:
        """Publish an alert for each watched plate of a new detection."""
        for match in event.watchlist:
            shown = event.shown
            log.info("Watchlist: camera '%s' read a plate that is listed (%s).", shown["camera_id"], match["action"])
            self._bus.publish(
                WATCHLIST_ALERT,
                {
                    "alert_id": str(uuid.uuid4()),
                    "detection_id": shown["detection_id"],
                    "camera_id": shown["camera_id"],
                    "checkpoint_id": shown["checkpoint_id"],
                    **match,
                    "occurred_at": shown["occurred_at"],
                    "timestamp": local_text(self._now(), self._zone),
                },
            )


def plates_of(vehicle: Vehicle) -> list[tuple[str, str]]:
    """The plates of a vehicle: as typed, and as compared."""
    return [(text, value_of(kind, text)) for kind, text in vehicle.identifiers if kind == PLATE]


def _match(vehicle: Vehicle, listed: str, plate: Plate) -> dict[str, Any]:
    """A match as detections and alerts show it."""
    differences = [
        {"position": position, "read": read, "listed": right}
        for position, (read, right) in enumerate(zip(plate.plate, listed, strict=False))
        if read != right
    ]
    return {
        "entry_id": vehicle.id,
        "plate": next(text for text, value in plates_of(vehicle) if value == listed),
        "action": ACTIONS[vehicle.permission],
        "reason": vehicle.reason,
        "note": vehicle.note,
        "read": plate.text,
        "exact": plate.plate == listed,
        "differences": differences,
    }
