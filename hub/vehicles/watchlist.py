"""The watchlist as its clients know it: an entry is a vehicle to be stopped (deny) or watched (allow) with its plate.

Of a vehicle with more plates an entry shows and changes the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from hub.contract.bounds import bounded_record
from hub.contract.errors import Conflict, ContractError, NotFound
from hub.contract.plates import normalise_plate
from hub.contract.roles import LOCAL, Principal
from hub.contract.text import clean
from hub.contract.times import parse_time, utc_text
from hub.contract.vehicles import ALLOW, DENY, PLATE, WATCH
from hub.vehicles.listing import VehicleLists
from hub.vehicles.service import Vehicles
from hub.vehicles.vehicle import Vehicle
from hub.vehicles.watch import ACTIONS, WatchedPlates, plates_of

LIMITS = {"plate": 100, "reason": 500, "note": 2000}
CHOICES = {"action": ("allow", "deny"), "match": ("exact", "similar")}
PERMISSIONS = {"allow": WATCH, "deny": DENY}


class Watchlist:
    """Entries in memory, each durable before it is matched."""

    def __init__(
        self,
        vehicles: Vehicles,
        watch: WatchedPlates,
        lists: VehicleLists,
        zone: tzinfo | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._vehicles, self._watch, self._lists, self._zone, self._now = vehicles, watch, lists, zone, now
        self.on_detection = watch.on_detection

    def load(self) -> None:
        """Load the stored vehicles that are watched, without those that cannot be read."""
        self._watch.load(self._lists.watched())
        self._lists.note_older_entries()

    def newest_first(self) -> list[Vehicle]:
        """Every entry, the newest first."""
        return self._watch.newest_first()

    def get(self, entry_id: str) -> dict[str, Any]:
        """One entry as shown. Raises NotFound."""
        return self.public(self._entry(entry_id))

    def _entry(self, entry_id: str) -> Vehicle:
        entry = self._watch.get(entry_id)
        if entry is None:
            raise NotFound(f"There is no watchlist entry with the id {entry_id[:80]}.")
        return entry

    def add(self, data: dict[str, Any], author: Principal = LOCAL) -> dict[str, Any]:
        """Add an entry. Raises ContractError for its fields, Conflict when the plate is listed already."""
        made = self._read(data, None)
        self._check_listed(made)
        return self.public(self._vehicles.create(made, author))

    def update(self, entry_id: str, data: dict[str, Any], author: Principal = LOCAL) -> dict[str, Any]:
        """Change the fields that `data` has. Raises ContractError, NotFound, Conflict."""
        made = self._read(data, self._entry(entry_id))
        self._check_listed(made)
        return self.public(self._vehicles.edit(entry_id, lambda before: self._read(data, before), author))

    def remove(self, entry_id: str, author: Principal = LOCAL) -> dict[str, Any]:
        """Remove an entry; as it was shown. Raises NotFound.

        A vehicle that is nothing but its plate is retired; one of the register stays there and is let in.
        """
        entry = self._entry(entry_id)
        if len(entry.identifiers) == 1:
            self._vehicles.retire(entry_id, author)
        else:
            self._vehicles.edit(entry_id, lambda before: replace(before, permission=ALLOW), author)
        return self.public(entry)

    def _check_listed(self, vehicle: Vehicle) -> None:
        for _, value in plates_of(vehicle):
            other = self._watch.by_plate(value)
            if other is not None and other.id != vehicle.id:
                raise Conflict(f"This plate is listed already, as {other.id}; change that entry instead.")

    def _read(self, data: dict[str, Any], before: Vehicle | None) -> Vehicle:
        """A vehicle from a client's object, with what `before` has where that has none. Raises ContractError."""
        was = _fields(before) if before is not None else {}
        data = {"action": data.get("type"), "expires_at": data.get("expiry"), **bounded_record(data, [])}
        errors: list[str] = []
        made = _texts(data, was, errors)
        if not normalise_plate(made.get("plate", "")) and not any(error.startswith("plate") for error in errors):
            errors.append("plate is missing: letters and digits of a number plate")
        for key, choices in CHOICES.items():
            value = data.get(key)
            made[key] = was.get(key, choices[1]) if value is None else value
            if made[key] not in choices:
                errors.append(f"{key} is {' or '.join(choices)}")
        made["expires_at"] = was.get("expires_at")
        if "expires_at" in data and (data["expires_at"] is not None or "expiry" in data or before is None):
            made["expires_at"] = self._time(data["expires_at"], errors)
        if errors:
            raise ContractError("The watchlist entry cannot be taken: " + "; ".join(errors) + ".", errors)
        return _vehicle(made, before or Vehicle())

    def _time(self, value: Any, errors: list[str]) -> float | None:
        if value in (None, ""):
            return None
        made = parse_time(value, self._zone)
        if made is None:
            errors.append(
                "expires_at is a time such as 2026-12-31T23:59:59 (local unless it names a zone), or null for never"
            )
        return made

    def public(self, vehicle: Vehicle) -> dict[str, Any]:
        """An entry as operators see it."""
        fields = _fields(vehicle)
        return {
            "id": vehicle.id,
            "plate": fields["plate"],
            "normalised": normalise_plate(fields["plate"]),
            "action": fields["action"],
            "reason": vehicle.reason,
            "note": vehicle.note,
            "match": vehicle.match,
            "expires_at": utc_text(vehicle.valid_until),
            "expired": vehicle.valid_until is not None and vehicle.valid_until <= self._now(),
            "created_at": utc_text(vehicle.created_at),
        }


def _texts(data: dict[str, Any], was: dict[str, Any], errors: list[str]) -> dict[str, Any]:
    made = {}
    for key, limit in LIMITS.items():
        value = data.get(key)
        if value is None:
            made[key] = was.get(key, "")
        elif not isinstance(value, (str, int)) or isinstance(value, bool) or len(str(value)) > limit:
            errors.append(f"{key} is a text of at most {limit} characters")
        else:
            made[key] = clean(value)
    return made


def _fields(vehicle: Vehicle) -> dict[str, Any]:
    """The fields of a vehicle's entry. A vehicle that meanwhile lets its plates in has the action allow."""
    plates = vehicle.texts(PLATE)
    return {
        "plate": plates[0] if plates else "",
        "reason": vehicle.reason,
        "note": vehicle.note,
        "action": ACTIONS.get(vehicle.permission, "allow"),
        "match": vehicle.match,
        "expires_at": vehicle.valid_until,
    }


def _vehicle(made: dict[str, Any], before: Vehicle) -> Vehicle:
    """`before` with the fields of an entry; the first plate gives way to another one."""
    plates = before.texts(PLATE)
    others = [each for each in before.identifiers if each != (PLATE, plates[0])] if plates else [*before.identifiers]
    return replace(
        before,
        name=made["plate"] if before.name == (plates[0] if plates else "") else before.name,
        reason=made["reason"],
        note=made["note"],
        permission=PERMISSIONS[made["action"]],
        match=made["match"],
        valid_until=made["expires_at"],
        identifiers=(
            *(each for each in others if each[0] != PLATE),
            (PLATE, made["plate"]),
            *(each for each in others if each[0] == PLATE),
        ),
    )
