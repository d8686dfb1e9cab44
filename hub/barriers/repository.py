"""Statements of pulses: one that is stored before it is sent, how it ended, and the newest of a barrier."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update

from hub.barriers.tables import BarrierPulse
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.salvage import UnreadableRows
from hub.store.statements import insert
from hub.store.tables import table_of
from hub.store.transaction import Transaction

PULSES = table_of(BarrierPulse)


class PulseRepository:
    """Pulses of all barriers."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader = reader
        columns = PULSES.columns
        same = (columns.visit == bindparam("find_visit"), columns.barrier == bindparam("find_barrier"))
        self._find = backend.compile(select(columns.id).where(*same)).sql
        self._insert = insert(backend, PULSES)
        ended: dict[str, Any] = {"ended_at": bindparam("at"), "problem": bindparam("why")}
        self._end = backend.compile(update(PULSES).where(columns.id == bindparam("pulse")).values(ended)).sql

    @property
    def unreadable(self) -> UnreadableRows:
        """Rows that cannot be read."""
        return self._reader.unreadable

    def add(self, transaction: Transaction, row: dict[str, Any], once: bool) -> bool:
        """Store a pulse; `once`: False without storing it where its barrier has one of the same visit."""
        if once and transaction.one(self._find, {"find_visit": row["visit"], "find_barrier": row["barrier"]}):
            return False
        transaction.execute(self._insert, row)
        return True

    def end(self, transaction: Transaction, pulse_id: str, at: float, problem: str) -> None:
        """Note that a pulse has ended."""
        transaction.execute(self._end, {"pulse": pulse_id, "at": at, "why": problem})

    def newest(self, barrier: str, limit: int) -> list[Row]:
        """The newest pulses of a barrier, newest first."""
        mine = select(PULSES).where(PULSES.columns.barrier == barrier)
        return self._reader.all(mine.order_by(PULSES.columns.seq.desc()).limit(limit))
