"""Reads off the event loop."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from sqlalchemy.sql.elements import ClauseElement

from hub.contract.paging import MAX_PAGE_BYTES
from hub.runtime.offload import offload
from hub.store.backend import Backend, Connection, Cursor, Query, Row
from hub.store.errors import DatabaseError
from hub.store.salvage import Rows, UnreadableRows

IDLE_CONNECTIONS = 8


class Reader:
    """SELECTs on native threads, with a few idle connections of their own."""

    def __init__(self, backend: Backend, folder: Path | None = None) -> None:
        """`folder`: the instance folder, for copies of rows that cannot be read."""
        self._backend = backend
        self._idle: deque[Connection] = deque()
        self.unreadable = UnreadableRows(folder)

    def all(self, statement: ClauseElement) -> list[Row]:
        """Every row of a SELECT; does not block the event loop. Raises DatabaseError."""
        return offload(self._all, self._backend.compile(statement), None)

    def page(self, statement: ClauseElement) -> Rows:
        """The rows of a SELECT, `cut` when they pass MAX_PAGE_BYTES. Raises DatabaseError."""
        return offload(self._all, self._backend.compile(statement), MAX_PAGE_BYTES)

    def _all(self, query: Query, max_bytes: int | None) -> Rows:
        try:
            return self._fetch(query, max_bytes)
        except self._backend.errors as error:
            raise DatabaseError(str(error)) from error

    def _fetch(self, query: Query, max_bytes: int | None) -> Rows:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._backend.connect()
        try:
            cursor = connection.execute(query.sql, query.params)
            rows = Rows(cursor.fetchall()) if max_bytes is None else _limited(cursor, max_bytes)
        except Exception:
            connection.close()
            raise
        if len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()
        return rows

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()


def _limited(cursor: Cursor, max_bytes: int) -> Rows:
    """Rows until their texts pass `max_bytes`."""
    rows, size = Rows(), 0
    while (row := cursor.fetchone()) is not None:
        rows.append(row)
        size += sum(len(row[name]) for name in row.keys() if isinstance(row[name], (str, bytes)))
        if size > max_bytes:
            rows.cut = cursor.fetchone() is not None
            break
    cursor.close()
    return rows
