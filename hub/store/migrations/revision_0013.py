"""Revision 13: the register of vehicles. Entries of the watchlist become vehicles with one plate.

An entry that cannot be read stays in the table `watchlist`. Of entries with the same plate, which only a fault can have
made, the newest counts and the others are retired.
"""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text, UniqueConstraint, delete, select

from hub.contract.plates import fold_plate
from hub.contract.times import utc_text
from hub.store.migrations.schema import Schema

METADATA = MetaData()
PERMISSIONS = {"allow": "watch", "deny": "deny"}
AT_ONCE = 500  # rows of one DELETE
SHORTEST, LONGEST = 4, 20  # characters of a plate in which one may differ

VEHICLES = Table(
    "vehicles",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("permission", Text, nullable=False, index=True),
    Column("match", Text, nullable=False),
    Column("valid_from", Float),
    Column("valid_until", Float),
    Column("retired_at", Float),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    Column("import_id", Text, index=True),
)
IDENTIFIERS = Table(
    "vehicle_identifiers",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("vehicle", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("current", Integer),
    UniqueConstraint("value", "kind", "current"),
    Index("vehicle_identifiers_vehicle", "vehicle"),
)
PARTS = Table(
    "vehicle_plate_parts",
    METADATA,
    Column("part", Text, primary_key=True),
    Column("vehicle", Integer, primary_key=True),
    Index("vehicle_plate_parts_vehicle", "vehicle"),
    sqlite_with_rowid=False,
)
CHANGES = Table(
    "vehicle_changes",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("vehicle", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Index("vehicle_changes_vehicle", "vehicle", "seq"),
)
IMPORTS = Table(
    "vehicle_imports",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("began_at", Float, nullable=False),
)
WATCHLIST = Table(
    "watchlist",
    METADATA,
    *(Column(name, Text) for name in ("id", "plate", "normalised", "action", "reason", "note", "match")),
    *(Column(name, Float) for name in ("expires_at", "created_at")),
)


def upgrade(schema: Schema) -> None:
    """Add the tables, and move what the watchlist holds."""
    for table in (VEHICLES, IDENTIFIERS, PARTS, CHANGES, IMPORTS):
        schema.create_table(table)
    entries = [row for row in schema.readable_rows(select(WATCHLIST)) if _is_readable(row)]
    entries.sort(key=lambda entry: (entry["created_at"], entry["id"]))
    newest = {entry["normalised"]: entry["id"] for entry in entries}
    numbered = [(seq, entry, newest[entry["normalised"]] == entry["id"]) for seq, entry in enumerate(entries, 1)]
    schema.insert_rows(VEHICLES, [_vehicle(*each) for each in numbered])
    schema.insert_rows(IDENTIFIERS, [_identifier(*each) for each in numbered])
    schema.insert_rows(PARTS, [part for each in numbered for part in _parts(*each)])
    for start in range(0, len(entries), AT_ONCE):
        moved = [entry["id"] for entry in entries[start : start + AT_ONCE]]
        schema.execute_if_readable(delete(WATCHLIST).where(WATCHLIST.columns.id.in_(moved)))


def _is_readable(row: dict[str, Any]) -> bool:
    """Whether an entry has what the hub has written there."""
    times = [row["created_at"], *([row["expires_at"]] if row["expires_at"] is not None else [])]
    texts = [row[name] for name in ("id", "plate", "normalised", "action", "reason", "note", "match")]
    try:
        for seconds in times:
            utc_text(seconds)
            if not math.isfinite(seconds):
                return False
    except (TypeError, ValueError, ArithmeticError, OSError):
        return False
    return (
        all(type(text) is str for text in texts)
        and row["action"] in PERMISSIONS
        and row["match"] in ("exact", "similar")
        and bool(row["normalised"])
    )


def _vehicle(seq: int, entry: dict[str, Any], counts: bool) -> dict[str, Any]:
    created = float(entry["created_at"])
    return {
        "seq": seq,
        "id": entry["id"],
        "name": entry["plate"],
        "owner": "",
        "note": entry["note"],
        "reason": entry["reason"],
        "permission": PERMISSIONS[entry["action"]],
        "match": entry["match"],
        "valid_from": None,
        "valid_until": entry["expires_at"],
        "retired_at": None if counts else created,
        "created_at": created,
        "changed_at": created,
        "import_id": None,
    }


def _identifier(seq: int, entry: dict[str, Any], counts: bool) -> dict[str, Any]:
    plate, value = entry["plate"], entry["normalised"]
    current = 1 if counts else None
    return {
        "vehicle": seq,
        "kind": "plate",
        "text": plate,
        "value": value,
        "folded": fold_plate(value),
        "current": current,
    }


def _parts(seq: int, entry: dict[str, Any], counts: bool) -> list[dict[str, Any]]:
    """The folded plate, whole and with each character left out."""
    if not counts:
        return []
    folded = fold_plate(entry["normalised"])
    parts = {folded}
    if SHORTEST <= len(folded) <= LONGEST:
        parts.update(folded[:place] + folded[place + 1 :] for place in range(len(folded)))
    return [{"part": part, "vehicle": seq} for part in parts]
