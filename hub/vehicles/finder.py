"""What the register says about tags, numbers and plates that were read: `hub.contract.vehicles.VehicleRegister`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, func, literal_column, or_, select

from hub.contract.plates import fold_plate
from hub.contract.vehicles import PLATE, Identifier, KnownVehicle
from hub.store.backend import Backend, Query, Row
from hub.store.reader import Reader
from hub.vehicles.identifiers import differs_in_one, plate_parts
from hub.vehicles.many import ManyValues, Values
from hub.vehicles.repository import IDENTIFIERS, IMPORTS, PARTS, VEHICLES
from hub.vehicles.vehicle import COLUMNS, Vehicle, vehicle_of

MAX_CANDIDATES = 200  # vehicles with a part of a plate in common that are looked at
NAMES = ("seq", *COLUMNS)
OWNED = IDENTIFIERS.alias("owned")
IN_REGISTER = or_(
    VEHICLES.columns.import_id.is_(None),
    VEHICLES.columns.import_id.not_in(select(IMPORTS.columns.id).scalar_subquery()),
)
"""Whether the import that a vehicle came with, if any, is finished."""


class VehicleFinder:
    """Finds vehicles by indexes: what is read well, and in the same turn of a thread plates that are not."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader = reader
        self._exact = ManyValues(backend, reader, _exact)
        self._near = ManyValues(backend, reader, _near)
        self._owners = ManyValues(backend, reader, _owners)

    def find(self, identifiers: Iterable[Identifier]) -> dict[Identifier, list[KnownVehicle]]:
        """The vehicles that have each identifier (`VehicleRegister.find`)."""
        wanted = list(dict.fromkeys(identifiers))
        values = {each.value for each in wanted if each.value}
        plates = {each.value for each in wanted if each.kind == PLATE and each.value}
        near = _Near(plates, self._near)
        rows = self._reader.run(self._exact.queries(values), near.queries)
        found = self._same(rows[: near.after], values)
        answer = {each: found.get(each, []) for each in wanted}
        if near.missing:
            candidates = self._candidates(rows[near.after :], near.missing)
            for each in wanted:
                if each.kind == PLATE and each.value in near.missing:
                    answer[each] = _similar(each.value, candidates)
        return answer

    def owners(self, identifiers: Iterable[Identifier]) -> dict[Identifier, str]:
        """The name of the vehicle that is not retired and has an identifier, for those that one has."""
        wanted = set(identifiers)
        rows = self._owners.rows({each.value for each in wanted})
        found = {Identifier(row["kind"], row["value"]): row["name"] or row["id"] for row in rows}
        return {each: name for each, name in found.items() if each in wanted}

    def _same(self, rows: Sequence[Row], values: set[str]) -> dict[Identifier, list[KnownVehicle]]:
        found: dict[Identifier, list[KnownVehicle]] = {}
        for vehicle in self._vehicles(rows):
            known = vehicle.known()
            for identifier in known.identifiers:
                if identifier.value in values:
                    found.setdefault(identifier, []).append(known)
        return found

    def _candidates(self, rows: Sequence[Row], plates: set[str]) -> list[KnownVehicle]:
        """Vehicles with a plate that is one of these but for look-alikes or one character."""
        # Most have only a part in common: they are left out before anything is made of their rows.
        kept = {row["seq"] for row in rows if row["own_kind"] == PLATE and _is_near(row["own_value"], plates)}
        found = self._vehicles([row for row in rows if row["seq"] in kept])
        return [vehicle.known() for vehicle in found if vehicle.match == "similar"]

    def _vehicles(self, rows: Sequence[Row]) -> list[Vehicle]:
        """The vehicles of rows that have one identifier each, without those that cannot be read."""
        owned: dict[int, dict[tuple[str, str], None]] = {}
        first: dict[int, dict[str, Any]] = {}
        for row in rows:
            seq = row["seq"]
            if seq not in first:
                first[seq] = {name: row[name] for name in NAMES}
            owned.setdefault(seq, {})[row["own_kind"], row["own_text"]] = None
        unreadable = self._reader.unreadable
        return unreadable.readable(first.values(), lambda row: _checked(row, owned[row["seq"]]), VEHICLES)


class _Near:
    """What is asked about plates that no vehicle has, once it is known which these are."""

    def __init__(self, plates: set[str], near: ManyValues) -> None:
        self.missing, self._near = plates, near
        self.after = 0  # so many rows come before those of the vehicles with a part of these plates

    def queries(self, rows: list[Row]) -> Iterator[Query]:
        """The statements, given the rows of the vehicles that have what was read. Runs on a native thread."""
        self.after = len(rows)
        self.missing = self.missing - {row["own_value"] for row in rows if row["own_kind"] == PLATE}
        return self._near.queries(set().union(*map(plate_parts, self.missing)))


def _checked(row: Row, owned: Iterable[tuple[Any, Any]]) -> Vehicle:
    return vehicle_of({name: row[name] for name in NAMES}, [each for each in owned if type(each[1]) is str])


def _is_near(plate: Any, read: Iterable[str]) -> bool:
    return type(plate) is str and any(_is_alike(each, plate) or differs_in_one(each, plate) for each in read)


def _is_alike(one: str, other: str) -> bool:
    return len(one) == len(other) and fold_plate(one) == fold_plate(other)


def _similar(read: str, candidates: list[KnownVehicle]) -> list[KnownVehicle]:
    """Those with look-alike characters in place of others, else those that differ in one character."""
    same = [each for each in candidates if any(_is_alike(read, plate) for plate in each.of_kind(PLATE))]
    return same or [each for each in candidates if any(differs_in_one(read, plate) for plate in each.of_kind(PLATE))]


def _columns(vehicle: Any) -> list[Any]:
    return [
        *(vehicle.columns[name] for name in NAMES),
        OWNED.columns.kind.label("own_kind"),
        OWNED.columns.text.label("own_text"),
        OWNED.columns.value.label("own_value"),
    ]


def _exact(values: Values) -> Select[Any]:
    """Vehicles that have one of some values, a row for each of their identifiers."""
    asked = IDENTIFIERS.columns
    return (
        select(*_columns(VEHICLES))
        .select_from(IDENTIFIERS)
        .join(VEHICLES, VEHICLES.columns.seq == asked.vehicle)
        .join(OWNED, OWNED.columns.vehicle == VEHICLES.columns.seq)
        .where(asked.value.in_(values), asked.current == literal_column("1"), IN_REGISTER)
    )


def _near(values: Values) -> Select[Any]:
    """The same of vehicles that have a part of a plate, those first that have most of its parts."""
    part = PARTS.columns
    shared = select(part.vehicle).where(part.part.in_(values)).group_by(part.vehicle)
    some = shared.order_by(func.count().desc()).limit(MAX_CANDIDATES).subquery("some")
    return (
        select(*_columns(VEHICLES))
        .select_from(some)
        .join(VEHICLES, VEHICLES.columns.seq == some.columns.vehicle)
        .join(OWNED, OWNED.columns.vehicle == VEHICLES.columns.seq)
        .where(IN_REGISTER)
    )


def _owners(values: Values) -> Select[Any]:
    """Values that a vehicle has, with its name; of an import that is not finished, too."""
    asked = IDENTIFIERS.columns
    return (
        select(asked.kind, asked.value, VEHICLES.columns.name, VEHICLES.columns.id)
        .join_from(IDENTIFIERS, VEHICLES, asked.vehicle == VEHICLES.columns.seq)
        .where(asked.value.in_(values), asked.current == literal_column("1"))
    )
