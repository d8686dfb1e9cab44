"""The tables of the register of vehicles. Times are epoch seconds in UTC; JSON columns hold UTF-8 text."""

from __future__ import annotations

from sqlalchemy import Float, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables import Model


class StoredVehicle(Model):
    """A vehicle; one that is retired keeps its row. `import_id`: of the import that it came with."""

    __tablename__ = "vehicles"

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    permission: Mapped[str] = mapped_column(Text, index=True)
    match: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[float | None] = mapped_column(Float)
    valid_until: Mapped[float | None] = mapped_column(Float)
    retired_at: Mapped[float | None] = mapped_column(Float)
    created_at: Mapped[float] = mapped_column(Float)
    changed_at: Mapped[float] = mapped_column(Float)
    import_id: Mapped[str | None] = mapped_column(Text, index=True)


class VehicleIdentifier(Model):
    """A tag, number or plate of a vehicle: `text` as typed, `value` as it is compared, `folded` of a plate.

    `current` is 1, and NULL once the vehicle is retired: a value belongs to one vehicle that is not.
    """

    __tablename__ = "vehicle_identifiers"
    __table_args__ = (UniqueConstraint("value", "kind", "current"), Index("vehicle_identifiers_vehicle", "vehicle"))

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    vehicle: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)
    current: Mapped[int | None] = mapped_column(Integer)


class VehiclePlatePart(Model):
    """A folded plate of a vehicle that is not retired, whole or with one character left out."""

    __tablename__ = "vehicle_plate_parts"
    __table_args__ = (Index("vehicle_plate_parts_vehicle", "vehicle"), {"sqlite_with_rowid": False})

    part: Mapped[str] = mapped_column(Text, primary_key=True)
    vehicle: Mapped[int] = mapped_column(Integer, primary_key=True)


class VehicleChange(Model):
    """A change of a vehicle, with who made it; `before` and `after` are JSON objects of what changed."""

    __tablename__ = "vehicle_changes"
    __table_args__ = (Index("vehicle_changes_vehicle", "vehicle", "seq"),)

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    vehicle: Mapped[int] = mapped_column(Integer)
    at: Mapped[float] = mapped_column(Float)
    who: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)


class VehicleImport(Model):
    """An import that is not finished: its vehicles are not in the register yet."""

    __tablename__ = "vehicle_imports"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    began_at: Mapped[float] = mapped_column(Float)


class WatchlistEntry(Model):
    """An entry of the watchlist from before revision 10 that could not be moved to the register."""

    __tablename__ = "watchlist"

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    plate: Mapped[str] = mapped_column(Text)
    normalised: Mapped[str] = mapped_column(Text, index=True)
    action: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    match: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[float | None] = mapped_column(Float)
    created_at: Mapped[float] = mapped_column(Float)
