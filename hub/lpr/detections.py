"""Detections of one commit stored together: a few statements however many they are (`hub.store.writer.Writer.write_with`)."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson

from hub.lpr.cameras import UPSERT
from hub.lpr.contract.record import Detection
from hub.lpr.counters import TALLIES, count, tally_rows
from hub.lpr.tables import LprRecord
from hub.store.packs import PackStore
from hub.store.writer import Bulk, Transaction

SAME_SECONDS = 300.0  # equal content without any time or id is the same record for this long
PLATE = ["record_seq", "position", "text", "plate", "confidence", "box"]
# All of a commit as one INSERT into a view of the writer's connection: its trigger puts each row where it belongs.
FIELDS = [column.name for column in LprRecord.__table__.columns if column.name != "seq"]
INTAKE = f"CREATE TEMP VIEW lpr_intake AS SELECT {', '.join(FIELDS)}, '' AS plates, '' AS tallies FROM lpr_records"
TRIGGER = f"""CREATE TEMP TRIGGER lpr_intake_insert INSTEAD OF INSERT ON lpr_intake BEGIN
INSERT INTO lpr_records ({", ".join(FIELDS)}) VALUES ({", ".join(f"NEW.{name}" for name in FIELDS)});
INSERT INTO lpr_plates ({", ".join(PLATE)})
SELECT (SELECT seq FROM lpr_records WHERE event_key = NEW.event_key), key, json_extract(value, '$[0]'), json_extract(value, '$[1]'),
json_extract(value, '$[2]'), json_extract(value, '$[3]') FROM json_each(NEW.plates);
{TALLIES.replace(":rows", "NEW.tallies")};
END"""
# The ordinary way to the same rows, statement by statement.
INSERT_RECORD = f"INSERT INTO lpr_records ({', '.join(FIELDS)}) VALUES ({', '.join(f':{name}' for name in FIELDS)})"
INSERT_PLATE = f"INSERT INTO lpr_plates ({', '.join(PLATE)}) VALUES ({', '.join('?' * len(PLATE))})"
GIVE_UP_KEY = "UPDATE lpr_records SET event_key = :other WHERE event_key = :event_key"


@dataclass
class NewDetection:
    """A detection on its way into the database. `row` lacks `seq` and `body`; `body` gets the names of the pictures."""

    record: Detection
    row: dict[str, Any]
    body: dict[str, Any]
    tallies: list[tuple[str, str]]
    new_camera: dict[str, Any] | None


@dataclass(frozen=True)
class StoredDetection:
    """What became of it: the id and warnings that its sender is told, and the name of its first picture."""

    id: str
    warnings: list[str]
    saved: str
    duplicate: bool


class DetectionStore(Bulk):
    """Each record once, with its plates, pictures and counts."""

    setup = (INTAKE, TRIGGER)

    def __init__(self, packs: PackStore, single_statement: bool = True) -> None:
        self._packs, self._single_statement = packs, single_statement

    def statement(
        self, transaction: Transaction, items: list[NewDetection]
    ) -> tuple[str, list[Any], list[StoredDetection]] | None:
        """For records that are all new, of cameras that are all known."""
        if not self._single_statement or any(item.new_camera is not None for item in items):
            return None
        return *self._intake(transaction, items), [self._told(item, item) for item in items]

    def store(self, transaction: Transaction, items: list[NewDetection]) -> list[StoredDetection]:
        """Store what is new; a result for each, in their order."""
        known = self._known(transaction, items)
        fresh: dict[bytes, NewDetection] = {}
        for item in items:
            if item.record.event_key not in known:
                fresh.setdefault(item.record.event_key, item)
        if fresh:
            for item in fresh.values():
                if item.new_camera is not None:
                    transaction.execute(UPSERT, item.new_camera)
            if self._single_statement:
                transaction.execute(*self._intake(transaction, list(fresh.values())))
            else:
                self._insert_each(transaction, list(fresh.values()))
        return [known.get(item.record.event_key) or self._told(fresh[item.record.event_key], item) for item in items]

    def _intake(self, transaction: Transaction, items: list[NewDetection]) -> tuple[str, list[Any]]:
        """Keep the pictures; the statement that stores the rows, and its parameters."""
        self._keep_pictures(transaction, items)
        counts = Counter(tally for item in items for tally in item.tallies)
        values: list[Any] = []
        for number, item in enumerate(items):
            item.row["body"] = _json(item.body)
            values += [item.row[name] for name in FIELDS]
            values.append(
                _json(
                    [
                        (plate.text, plate.plate, plate.confidence, _json(plate.box) if plate.box else None)
                        for plate in item.record.plates
                    ]
                )
            )
            values.append("[]" if number else tally_rows(counts))
        marks = ",".join(["(" + ",".join("?" * (len(FIELDS) + 2)) + ")"] * len(items))
        return f"INSERT INTO lpr_intake ({','.join(FIELDS)}, plates, tallies) VALUES {marks}", values

    def _insert_each(self, transaction: Transaction, items: list[NewDetection]) -> None:
        """Store the rows without the trigger, one statement a row. Counts come last, since they are not rolled back."""
        self._keep_pictures(transaction, items)
        for item in items:
            seq = transaction.execute(INSERT_RECORD, item.row | {"body": _json(item.body)}).lastrowid
            for position, plate in enumerate(item.record.plates):
                box = _json(plate.box) if plate.box else None
                transaction.execute(INSERT_PLATE, [seq, position, plate.text, plate.plate, plate.confidence, box])
        for item in items:
            count(transaction, item.tallies)

    @staticmethod
    def _told(first: NewDetection, item: NewDetection) -> StoredDetection:
        return StoredDetection(
            first.row["id"], first.record.warnings, saved_name(first.body["pictures"]), first is not item
        )

    @staticmethod
    def _known(transaction: Transaction, items: list[NewDetection]) -> dict[bytes, StoredDetection]:
        """What the same content made before, by its key."""
        wanted = {item.record.event_key: item.record for item in items}
        marks = ",".join("?" * len(wanted))
        rows = transaction.execute(
            f"SELECT event_key, id, body, received_at FROM lpr_records WHERE event_key IN ({marks})", list(wanted)
        ).fetchall()
        known = {}
        for row in rows:
            record = wanted[row["event_key"]]
            if record.timeless and record.received_at - row["received_at"] > SAME_SECONDS:
                # Said again without any time or id, much later: another event. The old row gives the key up to the new one.
                transaction.execute(GIVE_UP_KEY, {"other": os.urandom(16), "event_key": record.event_key})
                continue
            body = orjson.loads(row["body"])
            known[record.event_key] = StoredDetection(row["id"], body["warnings"], saved_name(body["pictures"]), True)
        return known

    def _keep_pictures(self, transaction: Transaction, items: list[NewDetection]) -> None:
        pictures = [(item, picture) for item in items for picture in item.record.pictures]
        names = self._packs.put_all(transaction, [(picture.data, picture.suffix) for _, picture in pictures])
        for item in items:
            item.body["pictures"] = {}
        for (item, picture), name in zip(pictures, names, strict=True):
            if picture.field == "cropped_plates":
                item.body["pictures"].setdefault("cropped_plates", []).append(name)
            else:
                item.body["pictures"][picture.field] = name


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def saved_name(pictures: dict[str, Any]) -> str:
    """The name of the first picture, "" where there is none."""
    for value in pictures.values():
        return value[0] if isinstance(value, list) else value
    return ""
