"""What the register says about tags, numbers and plates that were read: `hub.contract.vehicles.VehicleRegister`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, literal_column, or_, select

from hub.contract.plates import fold_plate
from hub.contract.vehicles import PLATE, Identifier, KnownVehicle
from hub.store.backend import Backend, Query, Row
from hub.store.reader import Reader
from hub.vehicles.identifiers import differs_in_one, plate_parts
from hub.vehicles.repository import IDENTIFIERS, IMPORTS, PARTS, VEHICLES
from hub.vehicles.vehicle import COLUMNS, Vehicle, vehicle_of

SIZES = (8, 32, 128)  # values of one statement; each is compiled once
MAX_CANDIDATES = 100  # vehicles with a part of a plate in common that are looked at
NAMES = ("seq", *COLUMNS)
OWNED = IDENTIFIERS.alias("owned")
IN_REGISTER = or_(
    VEHICLES.columns.import_id.is_(None),
    VEHICLES.columns.import_id.not_in(select(IMPORTS.columns.id).scalar_subquery()),
)
"""Whether the import that a vehicle came with, if any, is finished."""
Near = Callable[[str, str], bool]


class VehicleFinder:
    """Finds vehicles by indexes, in one statement for what is read well and one more for plates that are not."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader = reader
        self._exact = {size: backend.compile(_exact(size)) for size in SIZES}
        self._near = {size: backend.compile(_near(size)) for size in SIZES}

    def find(self, identifiers: Iterable[Identifier]) -> dict[Identifier, list[KnownVehicle]]:
        """The vehicles that have each identifier (`VehicleRegister.find`)."""
        wanted = list(dict.fromkeys(identifiers))
        found = self._same({each.value for each in wanted if each.value})
        answer = {each: found.get(each, []) for each in wanted}
        missing = [each for each in wanted if each.kind == PLATE and each.value and not answer[each]]
        if missing:
            candidates = self._candidates(set().union(*(plate_parts(each.value) for each in missing)))
            for each in missing:
                answer[each] = _similar(each.value, candidates)
        return answer

    def _same(self, values: set[str]) -> dict[Identifier, list[KnownVehicle]]:
        found: dict[Identifier, list[KnownVehicle]] = {}
        for vehicle in self._vehicles(self._rows(self._exact, values)):
            known = vehicle.known()
            for identifier in known.identifiers:
                if identifier.value in values:
                    found.setdefault(identifier, []).append(known)
        return found

    def _candidates(self, parts: set[str]) -> list[KnownVehicle]:
        rows = self._rows(self._near, parts)
        return [vehicle.known() for vehicle in self._vehicles(rows) if vehicle.match == "similar"]

    def _rows(self, statements: dict[int, Query], values: set[str]) -> list[Row]:
        rows: list[Row] = []
        some = list(values)
        while some:
            step, some = some[: SIZES[-1]], some[SIZES[-1] :]
            size = next(size for size in SIZES if len(step) <= size)
            padded = step + step[-1:] * (size - len(step))
            params = {f"value_{place}": value for place, value in enumerate(padded)}
            rows += self._reader.run(Query(statements[size].sql, {**statements[size].params, **params}))
        return rows

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


def _checked(row: Row, owned: Iterable[tuple[Any, Any]]) -> Vehicle:
    return vehicle_of({name: row[name] for name in NAMES}, [each for each in owned if type(each[1]) is str])


def _similar(read: str, candidates: list[KnownVehicle]) -> list[KnownVehicle]:
    """Those with look-alike characters in place of others, else those that differ in one character."""
    folded = fold_plate(read)
    same = [each for each in candidates if any(fold_plate(plate) == folded for plate in each.of_kind(PLATE))]
    return same or [each for each in candidates if any(differs_in_one(read, plate) for plate in each.of_kind(PLATE))]


def _values(size: int) -> list[Any]:
    return [bindparam(f"value_{place}") for place in range(size)]


def _columns(vehicle: Any) -> list[Any]:
    return [
        *(vehicle.columns[name] for name in NAMES),
        OWNED.columns.kind.label("own_kind"),
        OWNED.columns.text.label("own_text"),
    ]


def _exact(size: int) -> Select[Any]:
    """Vehicles that have one of some values, a row for each of their identifiers."""
    asked = IDENTIFIERS.columns
    return (
        select(*_columns(VEHICLES))
        .select_from(IDENTIFIERS)
        .join(VEHICLES, VEHICLES.columns.seq == asked.vehicle)
        .join(OWNED, OWNED.columns.vehicle == VEHICLES.columns.seq)
        .where(asked.value.in_(_values(size)), asked.current == literal_column("1"), IN_REGISTER)
    )


def _near(size: int) -> Select[Any]:
    """The same of vehicles that have a part of a plate."""
    part = PARTS.columns
    some = select(part.vehicle).where(part.part.in_(_values(size))).distinct().limit(MAX_CANDIDATES).subquery("some")
    return (
        select(*_columns(VEHICLES))
        .select_from(some)
        .join(VEHICLES, VEHICLES.columns.seq == some.columns.vehicle)
        .join(OWNED, OWNED.columns.vehicle == VEHICLES.columns.seq)
        .where(IN_REGISTER)
    )
