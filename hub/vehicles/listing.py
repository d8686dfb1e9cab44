"""Lists of the register: vehicles by filters, one vehicle, its history, those whose plates are watched."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, or_, select

from hub.contract.errors import NotFound
from hub.contract.paging import json_size
from hub.contract.times import utc_text
from hub.contract.vehicles import IDENTIFIER_KINDS
from hub.runtime.offload import offload
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.tables import table_of
from hub.vehicles.finder import IN_REGISTER
from hub.vehicles.identifiers import value_of
from hub.vehicles.many import ManyValues, Values
from hub.vehicles.repository import CHANGES, IDENTIFIERS, VEHICLES
from hub.vehicles.tables import WatchlistEntry
from hub.vehicles.vehicle import WATCHED, Vehicle, vehicle_of

STATES = ("valid", "early", "expired")
RETIRED = ("false", "true", "all")
OLDER_ENTRIES = table_of(WatchlistEntry)
MAX_OLDER = 500  # entries that are named
WATCHED_VEHICLES = select(VEHICLES).where(
    VEHICLES.columns.permission.in_(WATCHED), VEHICLES.columns.retired_at.is_(None), IN_REGISTER
)


@dataclass(frozen=True)
class Wanted:
    """Which vehicles; empty is any. `text`: a part of a name, owner, tag, number or plate."""

    text: str = ""
    permission: str = ""
    state: str = ""
    retired: str = "false"


class VehicleLists:
    """Reads vehicles off the event loop; rows that cannot be read are left out."""

    def __init__(self, backend: Backend, reader: Reader, now: Callable[[], float] = time.time) -> None:
        self._reader, self.unreadable, self._now = reader, reader.unreadable, now
        self._identifiers = ManyValues(backend, reader, _identifiers)

    def page(self, wanted: Wanted, limit: int, before: int | None) -> tuple[list[dict[str, Any]], int | None]:
        """Vehicles as shown, the newest first, and the cursor of the next page. Raises as `Reader.page`."""
        asked = self._select(wanted).order_by(VEHICLES.columns.seq.desc()).limit(limit + 1)
        if before is not None:
            asked = asked.where(VEHICLES.columns.seq < before)
        rows = self._reader.page(asked, may_scan=True)
        owned = self._owned(rows)
        now = self._now()
        return offload(
            self.unreadable.page,
            rows,
            limit,
            lambda row: vehicle_of(row, owned.get(row["seq"], [])).shown(now),
            VEHICLES,
        )

    def after(self, wanted: Wanted, seq: int, limit: int) -> tuple[list[Vehicle], int]:
        """Vehicles in the order of their entry after `seq`, and the last seq that was looked at (0 at the end)."""
        asked = self._select(wanted).where(VEHICLES.columns.seq > seq).order_by(VEHICLES.columns.seq).limit(limit)
        rows = self._reader.page(asked, may_scan=True)
        return self._vehicles(rows), rows[-1]["seq"] if rows else 0

    def get(self, vehicle_id: str) -> Vehicle:
        """One vehicle. Raises NotFound."""
        rows = self._reader.all(select(VEHICLES).where(VEHICLES.columns.id == vehicle_id, IN_REGISTER))
        if not rows:
            raise NotFound(f"There is no vehicle with the id {vehicle_id[:80]}.")
        owned = self._owned(rows).get(rows[0]["seq"], [])
        return self.unreadable.one(rows[0], lambda row: vehicle_of(row, owned), VEHICLES)

    def history(self, vehicle: Vehicle, limit: int, before: int | None) -> tuple[list[dict[str, Any]], int | None]:
        """The changes of a vehicle, the newest first, and the cursor of the next page."""
        asked = select(CHANGES).where(CHANGES.columns.vehicle == vehicle.seq)
        if before is not None:
            asked = asked.where(CHANGES.columns.seq < before)
        rows = self._reader.page(asked.order_by(CHANGES.columns.seq.desc()).limit(limit + 1))
        return offload(self.unreadable.page, rows, limit, _change, CHANGES)

    def watched(self) -> list[Vehicle]:
        """Vehicles to be stopped or watched that are not retired; at the start."""
        found = self.unreadable.fetch(lambda: self._reader.all(WATCHED_VEHICLES), VEHICLES)
        return self._vehicles(found, keep=True)

    def watched_now(self) -> list[Vehicle]:
        """The same while the hub runs. Raises DatabaseError or LaneBusy."""
        rows = self._reader.all(WATCHED_VEHICLES)
        return self._vehicles(rows, self._identifiers.rows(row["seq"] for row in rows))

    def note_older_entries(self) -> None:
        """Name what revision 10 could not move from the watchlist, for the status page."""
        self.unreadable.load(lambda: self._reader.all(select(OLDER_ENTRIES).limit(MAX_OLDER)), _refused, OLDER_ENTRIES)

    def _select(self, wanted: Wanted) -> Select[Any]:
        columns = VEHICLES.columns
        conditions: list[ColumnElement[bool]] = [IN_REGISTER]
        if wanted.retired != "all":
            conditions.append(
                columns.retired_at.is_(None) if wanted.retired == "false" else columns.retired_at.is_not(None)
            )
        if wanted.permission:
            conditions.append(columns.permission == wanted.permission)
        if wanted.state:
            conditions.append(_in_state(wanted.state, self._now()))
        if wanted.text:
            conditions.append(_has_text(wanted.text))
        return select(VEHICLES).where(*conditions)

    def _vehicles(self, rows: list[Row], identifiers: list[Row] | None = None, keep: bool = False) -> list[Vehicle]:
        owned = self._owned(rows, identifiers)
        return offload(
            self.unreadable.readable,
            rows,
            lambda row: _showable(vehicle_of(row, owned.get(row["seq"], []))),
            VEHICLES,
            keep=keep,
        )

    def _owned(self, rows: list[Row], identifiers: list[Row] | None = None) -> dict[int, list[tuple[str, str]]]:
        """Kind and text of the identifiers of vehicles, by their seq. `identifiers`: where they are read already."""
        found = identifiers
        if found is None:
            found = self.unreadable.fetch(lambda: self._identifiers.rows(row["seq"] for row in rows), IDENTIFIERS)
        owned: dict[int, list[tuple[str, str]]] = {}
        for each in offload(self.unreadable.readable, found, dict, IDENTIFIERS):
            owned.setdefault(each["vehicle"], []).append((each["kind"], each["text"]))
        return owned


def _identifiers(values: Values) -> Select[Any]:
    columns = IDENTIFIERS.columns
    return select(IDENTIFIERS).where(columns.vehicle.in_(values)).order_by(columns.seq)


def _showable(vehicle: Vehicle) -> Vehicle:
    """The vehicle. Raises what makes it impossible to show."""
    json_size(vehicle.shown(0.0))
    return vehicle


def _refused(row: Row) -> None:
    """An entry of the older watchlist was not moved, so it cannot be read."""
    raise ValueError("it could not be moved to the register of vehicles")


def _in_state(state: str, now: float) -> ColumnElement[bool]:
    begins, ends = VEHICLES.columns.valid_from, VEHICLES.columns.valid_until
    begun, ended = or_(begins.is_(None), begins <= now), ends <= now
    if state == "expired":
        return ended
    not_ended = or_(ends.is_(None), ends > now)
    return and_(begun, not_ended) if state == "valid" else and_(begins > now, not_ended)


def _has_text(text: str) -> ColumnElement[bool]:
    """A name or owner with this part, or an identifier with what remains of it as it is compared."""
    columns, owned = VEHICLES.columns, IDENTIFIERS.columns
    parts = {kind: value_of(kind, text) for kind in IDENTIFIER_KINDS}
    same = [
        and_(owned.kind == kind, owned.value.contains(part, autoescape=True)) for kind, part in parts.items() if part
    ]
    named = [columns.name.icontains(text, autoescape=True), columns.owner.icontains(text, autoescape=True)]
    return or_(*named, columns.seq.in_(select(owned.vehicle).where(or_(*same)))) if same else or_(*named)


def _change(row: Mapping[str, Any] | Row) -> dict[str, Any]:
    """A change as readers see it."""
    return {
        "id": row["id"],
        "at": utc_text(row["at"]),
        "who": row["who"],
        "action": row["action"],
        "before": orjson.loads(row["before"]),
        "after": orjson.loads(row["after"]),
    }
