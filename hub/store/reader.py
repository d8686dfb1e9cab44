"""Reads off the event loop."""

from __future__ import annotations

from collections import deque

from sqlalchemy.sql.elements import ClauseElement

from hub.runtime.offload import offload
from hub.store.backend import Backend, Connection, Query, Row
from hub.store.database_faults import DatabaseFaults

IDLE_CONNECTIONS = 8


class Reader:
    """SELECTs on native threads, with a few idle connections of their own."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.faults = DatabaseFaults(backend)
        self._idle: deque[Connection] = deque()

    def all(self, statement: ClauseElement) -> list[Row]:
        """Every row of a SELECT; does not block the event loop. Raises DatabaseError or DatabaseUnreadable."""
        return offload(self._all, self._backend.compile(statement))

    def _all(self, query: Query) -> list[Row]:
        try:
            return self._fetch(query)
        except self._backend.errors as error:
            raise self.faults.report(error) from error

    def _fetch(self, query: Query) -> list[Row]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._backend.connect()
        try:
            rows = connection.execute(query.sql, query.params).fetchall()
        except Exception:
            connection.close()
            raise
        if connection.lasting and len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()
        return rows

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()
