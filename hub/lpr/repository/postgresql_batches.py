"""Detections and counters with statements that only PostgreSQL understands: one statement for a whole commit.

The rows are one parameter each for records, plates and counters, and three for the pictures. A record whose key is
stored already is left out with all that belongs to it. Counters are changed in the order of their keys, and the lock of
the one writer is taken before the first row, so that two hubs neither wait for each other in a circle nor make sequence
numbers visible out of their order.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from hub.lpr.repository.counters import CounterKey, CounterRepository
from hub.lpr.repository.detections import OF_RECORD, DetectionRepository, NewDetection, encode
from hub.lpr.tables import LprPlate, LprRecord
from hub.store.backend import Cursor
from hub.store.postgresql.connection import WRITERS_LOCK
from hub.store.postgresql.dialect import DIALECT
from hub.store.postgresql.picture_tables import DETECTIONS
from hub.store.postgresql.pictures import INSERT, PENDING
from hub.store.statements import columns
from hub.store.tables import table_of
from hub.store.transaction import Transaction

FIELDS = columns(table_of(LprRecord))
PLATE_FIELDS = [name for name in columns(table_of(LprPlate)) if name not in ("record_seq", *OF_RECORD)]
ADD = """INSERT INTO lpr_tallies (kind, key, count) SELECT kind, key, {count} FROM {rows} ORDER BY kind, key
ON CONFLICT (kind, key) DO UPDATE SET count = lpr_tallies.count + excluded.count"""
ADD_COUNTERS = ADD.format(
    count="count", rows="json_to_recordset(%(rows)s::json) AS given (kind text, key text, count bigint)"
)

COUNT_STORED = ADD.format(
    count="count",
    rows="(SELECT kind, key, count(*) FROM json_to_recordset(%(counters)s::json) AS c (n bigint, kind text, key text) "
    "JOIN stored USING (n) GROUP BY kind, key) AS counted",
)


def _types(names: Sequence[str], table: Any) -> str:
    """The columns of a record of JSON. Keys are bytes, in base64."""
    kinds = {name: table.columns[name].type.compile(dialect=DIALECT) for name in names}
    return ", ".join(f"{name} {'text' if kind == 'BYTEA' else kind}" for name, kind in kinds.items())


INSERT_ALL = f"""WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock({WRITERS_LOCK})),
given AS MATERIALIZED (
SELECT n, decode(event_key, 'base64') AS stored_key, {", ".join(name for name in FIELDS if name != "event_key")}
FROM json_to_recordset(%(records)s::json) AS r (n bigint, {_types(FIELDS, table_of(LprRecord))}), locked),
new AS (
INSERT INTO lpr_records ({", ".join(FIELDS)})
SELECT {", ".join("stored_key" if name == "event_key" else name for name in FIELDS)} FROM given ORDER BY n
ON CONFLICT (event_key) DO NOTHING RETURNING seq, event_key),
stored AS MATERIALIZED (SELECT n, seq, {", ".join(OF_RECORD)} FROM new JOIN given ON stored_key = event_key),
plates AS (
INSERT INTO lpr_plates (record_seq, {", ".join([*PLATE_FIELDS, *OF_RECORD])})
SELECT seq, {", ".join([*PLATE_FIELDS, *OF_RECORD])}
FROM json_to_recordset(%(plates)s::json) AS p (n bigint, {_types(PLATE_FIELDS, table_of(LprPlate))})
JOIN stored USING (n)),
counters AS ({COUNT_STORED}),
pictures AS (
INSERT INTO {DETECTIONS} (day, name, size, data)
SELECT %(day)s::bigint, name, length(data), data
FROM unnest(%(numbers)s::bigint[], %(names)s::text[], %(data)b::bytea[]) AS p (n, name, data) JOIN stored USING (n))
SELECT n FROM stored"""


class PostgresCounterRepository(CounterRepository):
    """All counters of a commit by one statement."""

    def add(self, transaction: Transaction, counts: Counter[CounterKey]) -> None:
        """Add to counters now."""
        rows = [{"kind": kind, "key": key, "count": number} for (kind, key), number in counts.items()]
        transaction.execute(ADD_COUNTERS, {"rows": orjson.dumps(rows).decode()})


class PostgresDetectionRepository(DetectionRepository):
    """All detections of a commit by one statement."""

    has_single_statement = leaves_out_known = True

    def single_statement(
        self, transaction: Transaction, items: Sequence[NewDetection]
    ) -> tuple[str, dict[str, Any], Callable[[Cursor], set[int]]]:
        """One statement that stores detections of known cameras with different keys, and its values.

        The function gives the places of those that were new.
        """
        return INSERT_ALL, _values(items, transaction.shared.pop(PENDING, [])), _stored

    def insert_batch(self, transaction: Transaction, items: Sequence[NewDetection]) -> None:
        """Store new detections with complete rows, their plates, pictures and counters."""
        transaction.execute_many(INSERT[DETECTIONS], transaction.shared.pop(PENDING, []))
        super().insert_batch(transaction, items)


def _stored(cursor: Cursor) -> set[int]:
    return {row["n"] for row in cursor.fetchall()}


def _values(items: Sequence[NewDetection], pictures: list[dict[str, Any]]) -> dict[str, Any]:
    records, plates, counters = [], [], []
    for number, item in enumerate(items):
        records.append({**item.row, "n": number, "event_key": b64encode(item.row["event_key"]).decode()})
        for position, plate in enumerate(item.record.plates):
            plates.append(
                {
                    "n": number,
                    "position": position,
                    "text": plate.text,
                    "plate": plate.plate,
                    "confidence": plate.confidence,
                    "box": encode(plate.box) if plate.box else None,
                }
            )
        counters += [{"n": number, "kind": kind, "key": key} for kind, key in item.counters]
    owners = [number for number, item in enumerate(items) for _ in item.record.pictures]
    return {
        "records": orjson.dumps(records).decode(),
        "plates": orjson.dumps(plates).decode(),
        "counters": orjson.dumps(counters).decode(),
        "day": pictures[0]["day"] if pictures else 0,
        "numbers": owners,
        "names": [picture["name"] for picture in pictures],
        "data": [picture["data"] for picture in pictures],
    }
