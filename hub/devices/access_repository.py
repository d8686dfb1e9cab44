"""Statements of devices that wait or were let in, of tokens, and of labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, delete, select, update

from hub.devices.tables import AccessDevice, AccessToken, DeviceLabel
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.statements import insert_or_ignore
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
        self._backend = backend
        self._replace = backend.replace(table)
        self._delete = backend.compile(delete(table).where(table.columns.id == bindparam("row_id"))).sql

    def load(self) -> list[Row]:
        """Every row."""
        return self._reader.all(select(self.table))

    def update(self, names: Iterable[str], unless: Iterable[str] = ()) -> Callable[[Iterable[Mapping[str, Any]]], Job]:
        """Jobs that store these columns of rows that are still there.

        unless: columns that have to be as in the row that is given: another hub may have decided meanwhile.
        """
        columns = self.table.columns
        same = [columns[name] == bindparam(f"was_{name}") for name in unless]
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        made = update(self.table).where(columns.id == bindparam("row_id"), *same).values(values)
        statement = self._backend.compile(made).sql

        def job_of(rows: Iterable[Mapping[str, Any]]) -> Job:
            given = [
                {
                    "row_id": row["id"],
                    **{f"was_{name}": row[name] for name in unless},
                    **{f"new_{name}": row[name] for name in names},
                }
                for row in rows
            ]

            def job(transaction: Transaction) -> None:
                transaction.execute_many(statement, given)

            return job

        return job_of

    def add(self, rows: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> Job:
        """The job that stores new rows, without those whose `keys` another hub has stored meanwhile."""
        statement, added = insert_or_ignore(self._backend, self.table, keys), [dict(row) for row in rows]

        def job(transaction: Transaction) -> None:
            transaction.execute_many(statement, added)

        return job

    def change(self, rows: Iterable[Mapping[str, Any]], gone: Iterable[str] = ()) -> Job:
        """The job for the writer that deletes the rows `gone` (ids) and stores `rows`."""
        deleted, replaced = [{"row_id": row_id} for row_id in gone], [dict(row) for row in rows]

        def job(transaction: Transaction) -> None:
            transaction.execute_many(self._delete, deleted)
            transaction.execute_many(self._replace, replaced)

        return job
