"""Statements of doorbells: rings by event id, and newest first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from hub.doorbell.tables import DoorbellRing
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.statements import insert
from hub.store.tables import table_of
from hub.store.transaction import Transaction

RINGS = table_of(DoorbellRing)


class RingRepository:
    """Rings in any database; the statements of the writer are compiled once."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader = reader
        self._insert = insert(backend, RINGS)
        same = (RINGS.columns.bell == bindparam("find_bell"), RINGS.columns.event_id == bindparam("find_event_id"))
        self._find = backend.compile(select(RINGS.columns.id).where(*same)).sql

    def find_event(self, transaction: Transaction, bell: str, event_id: str) -> Row | None:
        """The id of the ring of a bell with this event id, or None."""
        return transaction.one(self._find, {"find_bell": bell, "find_event_id": event_id})

    def insert_ring(self, transaction: Transaction, row: dict[str, Any]) -> None:
        """Insert a ring."""
        transaction.execute(self._insert, row)

    def newest(self, limit: int) -> list[Row]:
        """The newest rings, the newest first."""
        return self._reader.all(select(RINGS).order_by(RINGS.columns.seq.desc()).limit(limit))
