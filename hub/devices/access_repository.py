"""Statements of devices that wait or were let in, of tokens, and of labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, bindparam, delete, select

from hub.devices.tables import AccessDevice, AccessToken, DeviceLabel
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.tables import table_of
from hub.store.transaction import Transaction
from hub.store.writer import Job

ACCESS_DEVICES = table_of(AccessDevice)
ACCESS_TOKENS = table_of(AccessToken)
DEVICE_LABELS = table_of(DeviceLabel)


class RowsById:
    """Rows of one table by their column `id`, all loaded at the start."""

    def __init__(self, backend: Backend, reader: Reader, table: Table) -> None:
        self._reader, self.unreadable, self.table = reader, reader.unreadable, table
        self._replace = backend.replace(table)
        self._delete = backend.compile(delete(table).where(table.columns.id == bindparam("row_id"))).sql

    def load(self) -> list[Row]:
        """Every row."""
        return self._reader.all(select(self.table))

    def change(self, rows: Iterable[Mapping[str, Any]], gone: Iterable[str] = ()) -> Job:
        """The job for the writer that deletes the rows `gone` (ids) and stores `rows`."""
        deleted, replaced = [{"row_id": row_id} for row_id in gone], [dict(row) for row in rows]

        def job(transaction: Transaction) -> None:
            transaction.execute_many(self._delete, deleted)
            transaction.execute_many(self._replace, replaced)

        return job
