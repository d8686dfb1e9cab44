"""The register of vehicles: each is added, changed, retired and restored with who did it and when."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from hub.contract.errors import Conflict, NotFound
from hub.contract.json_text import encode_text
from hub.contract.roles import Principal
from hub.live.bus import Bus
from hub.live.events import REGISTER_CHANGED, RegisterChanged
from hub.store.salvage import READ_ERRORS
from hub.store.transaction import Transaction
from hub.store.writer import Writer
from hub.vehicles.contract import parse_vehicle, read_version
from hub.vehicles.repository import VehicleRepository
from hub.vehicles.vehicle import Vehicle
from hub.vehicles.watch import WatchedPlates, plates_of

log = logging.getLogger(__name__)

Change = Callable[[Vehicle], Vehicle]
VERSION_STEP = 2e-6  # seconds between two changes of a vehicle at least, so that each has its own version


class Vehicles:
    """Changes of the register, each in one commit with its line of history. Nothing is deleted."""

    def __init__(
        self,
        writer: Writer,
        repository: VehicleRepository,
        watch: WatchedPlates,
        bus: Bus,
        zone: tzinfo | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._writer, self._repository, self._watch, self._bus = writer, repository, watch, bus
        self.zone, self.now = zone, now

    def add(self, data: dict[str, Any], author: Principal) -> Vehicle:
        """Add a vehicle. Raises ContractError, Conflict where it has an identifier of another, StoreBusy."""
        return self.create(parse_vehicle(data, Vehicle(), self.zone), author)

    def change(self, vehicle_id: str, data: dict[str, Any], author: Principal) -> Vehicle:
        """Change the fields that `data` has. Raises ContractError, NotFound, Conflict, StoreBusy.

        `version`, where it has one, has to be that of the vehicle: of two who change it at once, the second is told.
        """
        version = read_version(data)

        def changed(before: Vehicle) -> Vehicle:
            made = parse_vehicle(data, _living(before), self.zone)
            if version is not None and version != before.version:
                raise _changed_meanwhile(before, made)
            return made

        return self.edit(vehicle_id, changed, author)

    def retire(self, vehicle_id: str, author: Principal) -> Vehicle:
        """Take a vehicle out of use; it keeps its history. Raises NotFound, StoreBusy."""

        def retired(before: Vehicle) -> Vehicle:
            return before if before.retired_at is not None else replace(before, retired_at=self.now())

        return self.edit(vehicle_id, retired, author, "retire")

    def restore(self, vehicle_id: str, author: Principal) -> Vehicle:
        """Take a retired vehicle back into use. Raises NotFound, Conflict, StoreBusy."""
        return self.edit(vehicle_id, lambda before: replace(before, retired_at=None), author, "restore")

    def create(self, vehicle: Vehicle, author: Principal) -> Vehicle:
        """Store a new vehicle. Raises as `add`."""
        now = self.now()
        made = replace(vehicle, id=str(uuid.uuid4()), created_at=now, changed_at=now)
        self._check_room(made, None)

        def job(transaction: Transaction) -> Vehicle:
            self._check_owners(transaction, made)
            stored = replace(made, seq=self._repository.insert(transaction, made))
            self._repository.insert_change(transaction, change_row(stored, {}, stored.content(), "add", author, now))
            return stored

        return self._stored(self._writer.write(job), "add", author)

    def edit(self, vehicle_id: str, change: Change, author: Principal, action: str = "change") -> Vehicle:
        """Store what `change` makes of a vehicle as it is now. Raises what `change` raises, and as `change`.

        `change` runs on the writer's thread.
        """
        now = self.now()

        def job(transaction: Transaction) -> Vehicle:
            before = self._get(transaction, vehicle_id)
            made = replace(change(before), changed_at=max(now, before.changed_at + VERSION_STEP))
            old, new = _all(before), _all(made)
            if old == new:
                return before
            self._check_room(made, before)
            self._check_owners(transaction, made)
            self._repository.update(transaction, made)
            differing = [key for key in new if old[key] != new[key]]
            was, became = ({key: values[key] for key in differing} for values in (old, new))
            self._repository.insert_change(transaction, change_row(made, was, became, action, author, now))
            return made

        return self._stored(self._writer.write(job), action, author)

    def _stored(self, vehicle: Vehicle, action: str, author: Principal) -> Vehicle:
        self._watch.put(vehicle)
        log.info("Register of vehicles: %s of %s by %s.", action, vehicle.id, author_name(author))
        self.announce(author)
        return vehicle

    def announce(self, author: Principal) -> None:
        """Tell others that the register has changed."""
        self._bus.publish(REGISTER_CHANGED, RegisterChanged(author_name(author)))

    def _get(self, transaction: Transaction, vehicle_id: str) -> Vehicle:
        try:
            found = self._repository.get(transaction, vehicle_id)
        except READ_ERRORS as error:
            raise Conflict(f"The row of this vehicle cannot be read ({error}); it is kept as it is.") from error
        if found is None:
            raise NotFound(f"There is no vehicle with the id {vehicle_id[:80]}.")
        return found

    def _check_owners(self, transaction: Transaction, vehicle: Vehicle) -> None:
        if vehicle.retired_at is not None:
            return
        for identifier, (_, text) in zip(vehicle.values, vehicle.identifiers, strict=True):
            owner = self._repository.owner_of(transaction, identifier)
            if owner is not None and owner["id"] != vehicle.id:
                raise Conflict(
                    f"The {identifier.kind} {text} belongs to {owner['name'] or 'a vehicle'} already "
                    f"({owner['id']}). Change or retire that vehicle first."
                )

    def _check_room(self, vehicle: Vehicle, before: Vehicle | None) -> None:
        if vehicle.is_watched:
            has = len(plates_of(before)) if before is not None and before.is_watched else 0
            self._watch.check_room(len(plates_of(vehicle)) - has)


def author_name(author: Principal) -> str:
    """Who is named in the history."""
    return author.name or author.kind


def change_row(
    vehicle: Vehicle, before: dict[str, Any], after: dict[str, Any], action: str, author: Principal, now: float
) -> dict[str, Any]:
    """The row of a change."""
    return {
        "id": str(uuid.uuid4()),
        "vehicle": vehicle.seq,
        "at": now,
        "who": author_name(author),
        "action": action,
        "before": encode_text(before),
        "after": encode_text(after),
    }


def _all(vehicle: Vehicle) -> dict[str, Any]:
    return {**vehicle.content(), "retired": vehicle.retired_at is not None}


def _changed_meanwhile(now: Vehicle, wanted: Vehicle) -> Conflict:
    """The refusal of a change that its author has made without knowing the one before; with what is there now."""
    there, asked = now.content(), wanted.content()
    differing = [f"{key}: {_text(there[key])}" for key in there if there[key] != asked[key]]
    return Conflict(
        "Somebody has changed this vehicle after you opened it. Look at what is there now, and save again what you "
        "want to change.",
        [f"version: {now.version}", *differing],
    )


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def _living(vehicle: Vehicle) -> Vehicle:
    """The vehicle. Raises Conflict where it is retired."""
    if vehicle.retired_at is not None:
        raise Conflict("This vehicle is retired. Restore it before you change it.")
    return vehicle
