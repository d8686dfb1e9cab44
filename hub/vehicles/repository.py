"""Statements of the writer: vehicles with their identifiers, plate parts and changes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, literal_column, select, update

from hub.contract.vehicles import Identifier
from hub.store.backend import Backend, Row
from hub.store.salvage import check_types
from hub.store.statements import insert
from hub.store.tables import table_of
from hub.store.transaction import Transaction
from hub.vehicles.tables import StoredVehicle, VehicleChange, VehicleIdentifier, VehicleImport, VehiclePlatePart
from hub.vehicles.vehicle import COLUMNS, Vehicle, vehicle_of

VEHICLES, IDENTIFIERS = table_of(StoredVehicle), table_of(VehicleIdentifier)
PARTS, CHANGES, IMPORTS = table_of(VehiclePlatePart), table_of(VehicleChange), table_of(VehicleImport)

UNDONE = 50  # vehicles that are deleted in one commit


class VehicleRepository:
    """Vehicles inside a commit; every statement is compiled once."""

    def __init__(self, backend: Backend) -> None:
        vehicle, owned = VEHICLES.columns, IDENTIFIERS.columns
        seq: BindParameter[int] = bindparam("of_vehicle")
        self._insert = insert(backend, VEHICLES)
        self._insert_identifier = insert(backend, IDENTIFIERS)
        self._insert_part = insert(backend, PARTS)
        self._insert_change = insert(backend, CHANGES)
        self._update = backend.compile(
            update(VEHICLES).where(vehicle.seq == seq).values({name: bindparam(f"new_{name}") for name in COLUMNS})
        ).sql
        self._get = backend.compile(select(VEHICLES).where(vehicle.id == bindparam("vehicle_id"))).sql
        self._identifiers = backend.compile(
            select(owned.kind, owned.text).where(owned.vehicle == seq).order_by(owned.seq)
        ).sql
        self._owner = backend.compile(
            select(vehicle.seq, vehicle.id, vehicle.name, vehicle.permission)
            .join_from(IDENTIFIERS, VEHICLES, owned.vehicle == vehicle.seq)
            .where(owned.value == bindparam("of_value"), owned.kind == bindparam("of_kind"))
            .where(owned.current == literal_column("1"))
        ).sql
        self._forget = [
            backend.compile(delete(table).where(table.columns.vehicle == seq)).sql for table in (IDENTIFIERS, PARTS)
        ]
        self._forget_changes = backend.compile(delete(CHANGES).where(CHANGES.columns.vehicle == seq)).sql
        self._delete = backend.compile(delete(VEHICLES).where(vehicle.seq == seq)).sql
        self._of_import = backend.compile(
            select(vehicle.seq).where(vehicle.import_id == bindparam("of_import")).limit(UNDONE)
        )
        self._begin = insert(backend, IMPORTS)
        self._end = backend.compile(delete(IMPORTS).where(IMPORTS.columns.id == bindparam("of_import"))).sql

    def get(self, transaction: Transaction, vehicle_id: str) -> Vehicle | None:
        """A vehicle by its id. Raises ValueError where its row cannot be read."""
        row = transaction.one(self._get, {"vehicle_id": vehicle_id})
        if row is None:
            return None
        check_types(row, VEHICLES)
        owned = transaction.all(self._identifiers, {"of_vehicle": row["seq"]})
        return vehicle_of(row, [(each["kind"], each["text"]) for each in owned])

    def owner_of(self, transaction: Transaction, identifier: Identifier) -> Row | None:
        """seq, id, name and permission of the vehicle that is not retired and has this identifier."""
        return transaction.one(self._owner, {"of_kind": identifier.kind, "of_value": identifier.value})

    def insert(self, transaction: Transaction, vehicle: Vehicle) -> int:
        """Insert a vehicle with what belongs to it; its seq."""
        seq = transaction.insert(self._insert, vehicle.row())
        self._own(transaction, vehicle, seq)
        return seq

    def update(self, transaction: Transaction, vehicle: Vehicle) -> None:
        """Replace a vehicle and what belongs to it."""
        values = {f"new_{name}": value for name, value in vehicle.row().items()}
        transaction.execute(self._update, {**values, "of_vehicle": vehicle.seq})
        for sql in self._forget:
            transaction.execute(sql, {"of_vehicle": vehicle.seq})
        self._own(transaction, vehicle, vehicle.seq)

    def _own(self, transaction: Transaction, vehicle: Vehicle, seq: int) -> None:
        transaction.execute_many(self._insert_identifier, vehicle.identifier_rows(seq))
        transaction.execute_many(self._insert_part, vehicle.part_rows(seq))

    def insert_change(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Insert a change of a vehicle."""
        transaction.execute(self._insert_change, row)

    def begin_import(self, transaction: Transaction, import_id: str, now: float) -> None:
        """Note an import: what has its id is not in the register until `end_import`."""
        transaction.execute(self._begin, {"id": import_id, "began_at": now})

    def end_import(self, transaction: Transaction, import_id: str) -> None:
        """The import is finished: all of its vehicles are in the register from this commit on."""
        transaction.execute(self._end, {"of_import": import_id})

    def undo_import(self, transaction: Transaction, import_id: str) -> bool:
        """Delete up to UNDONE vehicles of an import that was not finished; False where there are none left."""
        rows = transaction.all(self._of_import.sql, {**self._of_import.params, "of_import": import_id})
        for row in rows:
            for sql in (*self._forget, self._forget_changes, self._delete):
                transaction.execute(sql, {"of_vehicle": row["seq"]})
        return bool(rows)
