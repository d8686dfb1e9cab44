"""Statements that store the detections of one commit together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import BindParameter, bindparam, select, update

from hub.lpr.contract.record import Detection
from hub.lpr.repository.cameras import CameraRepository
from hub.lpr.repository.counters import CounterKey, CounterRepository
from hub.lpr.tables import LprPlate, LprRecord
from hub.store.backend import Backend, Cursor, Row
from hub.store.statements import insert
from hub.store.tables import table_of
from hub.store.transaction import Transaction

OF_RECORD = ("camera_id", "checkpoint_id", "occurred_at")  # columns of a plate that repeat those of its record


@dataclass
class NewDetection:
    """A detection to be stored. `row` lacks `seq` and `body`; `body` lacks the names of the pictures."""

    record: Detection
    row: dict[str, Any]
    body: dict[str, Any]
    counters: list[CounterKey]
    new_camera: dict[str, Any] | None


class DetectionRepository:
    """Detections with their plates, cameras and counters, with statements that every database understands."""

    setup: tuple[str, ...] = ()  # statements that the writer's connection runs once
    leaves_out_known = False  # whether that statement leaves out records whose keys are stored
    has_single_statement = False  # whether `single_statement` stores a batch

    def __init__(self, backend: Backend, cameras: CameraRepository, counters: CounterRepository) -> None:
        self._backend, self._cameras, self._counters = backend, cameras, counters
        self._insert_record = insert(backend, table_of(LprRecord))
        self._insert_plate = insert(backend, table_of(LprPlate))
        self._release = backend.compile(
            update(table_of(LprRecord))
            .where(LprRecord.event_key == bindparam("old_key"))
            .values(event_key=bindparam("new_key"))
        ).sql
        self._protect = backend.compile(
            update(table_of(LprRecord)).where(LprRecord.id == bindparam("record")).values(protected=bindparam("flag"))
        ).sql
        self._find: dict[int, str] = {}  # by number of keys

    def single_statement(
        self, transaction: Transaction, items: Sequence[NewDetection]
    ) -> tuple[str, Any, Callable[[Cursor], set[int]] | None]:
        """One statement that stores new detections of known cameras as a transaction of its own, and its values.

        And what gives the places of those that were stored, where the statement leaves out known ones.
        """
        raise NotImplementedError

    def insert_batch(self, transaction: Transaction, items: Sequence[NewDetection]) -> None:
        """Store new detections with complete rows, their plates and counters."""
        transaction.execute_many(self._insert_record, [item.row for item in items])
        found = self.find_events(transaction, [item.record.event_key for item in items])
        seqs = {row["event_key"]: row["seq"] for row in found}
        plates = [
            {
                "record_seq": seqs[item.record.event_key],
                "position": position,
                "text": plate.text,
                "plate": plate.plate,
                "confidence": plate.confidence,
                "box": encode(plate.box) if plate.box else None,
                **{name: item.row[name] for name in OF_RECORD},
            }
            for item in items
            for position, plate in enumerate(item.record.plates)
        ]
        transaction.execute_many(self._insert_plate, plates)
        self._counters.add(transaction, count(items))

    def upsert_camera(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Insert the camera of a detection."""
        self._cameras.upsert_camera(transaction, row)

    def find_events(self, transaction: Transaction, event_keys: Sequence[bytes]) -> list[Row]:
        """seq, event_key, id, body and received_at of the records with these idempotency keys."""
        sql = self._find.get(len(event_keys))
        if sql is None:
            names: list[BindParameter[bytes]] = [bindparam(f"key_{number}") for number in range(len(event_keys))]
            columns = (LprRecord.seq, LprRecord.event_key, LprRecord.id, LprRecord.body, LprRecord.received_at)
            sql = self._backend.compile(select(*columns).where(LprRecord.event_key.in_(names))).sql
            self._find[len(event_keys)] = sql
        return transaction.all(sql, {f"key_{number}": key for number, key in enumerate(event_keys)})

    def protect(self, transaction: Transaction, record_id: str, protected: bool) -> bool:
        """Let a record never expire, or again; False where there is none of this id."""
        return transaction.execute(self._protect, {"record": record_id, "flag": protected}).rowcount > 0

    def release_key(self, transaction: Transaction, event_key: bytes) -> None:
        """Give the record with this idempotency key a random one, so that a new record can have it."""
        transaction.execute(self._release, {"old_key": event_key, "new_key": os.urandom(16)})


def count(items: Sequence[NewDetection]) -> Counter[CounterKey]:
    """How much each counter grows by these detections."""
    return Counter(counter for item in items for counter in item.counters)


def encode(value: Any) -> str:
    """JSON text of what a camera sent."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
