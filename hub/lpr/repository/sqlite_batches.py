"""Detections and counters with statements that only SQLite understands: one statement for a whole commit.

Every statement releases the GIL and must win it back, so their number decides how many records are stored in a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from hub.lpr.repository.counters import CounterKey, CounterRepository
from hub.lpr.repository.detections import OF_RECORD, DetectionRepository, NewDetection, count, encode
from hub.lpr.tables import LprRecord
from hub.store.statements import columns
from hub.store.tables import table_of
from hub.store.transaction import Transaction

FIELDS = columns(table_of(LprRecord))
PLATE_FIELDS = ["record_seq", "position", "text", "plate", "confidence", "box", *OF_RECORD]
ADD_COUNTERS = """INSERT INTO lpr_tallies (kind, key, count)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
FROM json_each(:rows) WHERE true
ON CONFLICT (kind, key) DO UPDATE SET count = count + excluded.count"""
DROP_EMPTY = """DELETE FROM lpr_tallies WHERE count <= 0 AND (kind, key) IN (
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:rows))"""
# All of a commit is one INSERT into a view of the writer's connection; its trigger distributes each row to the tables.
INTAKE_VIEW = (
    f"CREATE TEMP VIEW lpr_intake AS SELECT {', '.join(FIELDS)}, '' AS plates, '' AS counters FROM lpr_records"
)
INTAKE_TRIGGER = f"""CREATE TEMP TRIGGER lpr_intake_insert INSTEAD OF INSERT ON lpr_intake BEGIN
INSERT INTO lpr_records ({", ".join(FIELDS)}) VALUES ({", ".join(f"NEW.{name}" for name in FIELDS)});
INSERT INTO lpr_plates ({", ".join(PLATE_FIELDS)})
SELECT (SELECT seq FROM lpr_records WHERE event_key = NEW.event_key), key, json_extract(value, '$[0]'),
json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]'),
{", ".join(f"NEW.{name}" for name in OF_RECORD)} FROM json_each(NEW.plates);
{ADD_COUNTERS.replace(":rows", "NEW.counters")};
END"""
INSERT_INTAKE = f"INSERT INTO lpr_intake ({','.join(FIELDS)}, plates, counters) VALUES "
VALUES = "(" + ",".join("?" * (len(FIELDS) + 2)) + ")"


class SqliteCounterRepository(CounterRepository):
    """All counters of a commit by one statement."""

    def add(self, transaction: Transaction, counts: Counter[CounterKey]) -> None:
        """Add to counters now."""
        transaction.execute(ADD_COUNTERS, {"rows": counter_rows(counts)})

    def drop_empty(self, transaction: Transaction, keys: Iterable[CounterKey]) -> None:
        """Delete those of these counters that have come down to nothing."""
        transaction.execute(DROP_EMPTY, {"rows": orjson.dumps(list(keys)).decode()})


class SqliteDetectionRepository(DetectionRepository):
    """All detections of a commit by one statement."""

    setup = (INTAKE_VIEW, INTAKE_TRIGGER)
    has_single_statement = True

    def single_statement(self, transaction: Transaction, items: Sequence[NewDetection]) -> tuple[str, list[Any], None]:
        """One statement that stores new detections of known cameras as a transaction of its own, and its values."""
        counters = counter_rows(count(items))
        values: list[Any] = []
        for number, item in enumerate(items):
            values += [item.row[name] for name in FIELDS]
            values.append(
                encode(
                    [
                        (plate.text, plate.plate, plate.confidence, encode(plate.box) if plate.box else None)
                        for plate in item.record.plates
                    ]
                )
            )
            values.append("[]" if number else counters)
        return INSERT_INTAKE + ",".join([VALUES] * len(items)), values, None

    def insert_batch(self, transaction: Transaction, items: Sequence[NewDetection]) -> None:
        """Store new detections with complete rows, their plates and counters."""
        transaction.execute(*self.single_statement(transaction, items)[:2])


def counter_rows(counts: Counter[CounterKey]) -> str:
    """Counts as JSON, the form that the statement reads."""
    return orjson.dumps([(kind, key, number) for (kind, key), number in counts.items()]).decode()
