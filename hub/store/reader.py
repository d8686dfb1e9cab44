"""Reads off the event loop."""

from __future__ import annotations

from collections import deque

from sqlalchemy.sql.elements import ClauseElement

from hub.contract.errors import Unavailable
from hub.runtime.lanes import Lanes
from hub.store.backend import Backend, Connection, Query, Row
from hub.store.database_faults import DatabaseFaults

IDLE_CONNECTIONS = 8
SEARCH_SECONDS = 5.0


class SearchTooLong(Unavailable):
    """A search was interrupted at its time limit (503)."""


class Reader:
    """SELECTs on native threads, with a few idle connections of their own.

    What reads a few rows by an index is `all`; what may scan a table is `search`, which has threads of its own, few
    pending ones and a time limit, so that it delays nothing else.
    """

    def __init__(self, backend: Backend, lanes: Lanes | None = None, search_seconds: float = SEARCH_SECONDS) -> None:
        self._backend, self._lanes, self._search_seconds = backend, lanes or Lanes(), search_seconds
        self.faults = DatabaseFaults(backend)
        self._idle: deque[Connection] = deque()
        self.too_long = 0

    def all(self, statement: ClauseElement) -> list[Row]:
        """Every row of a SELECT, off the event loop. Raises DatabaseError, DatabaseUnreadable or LaneBusy."""
        return self._lanes.reads.run(self._all, self._backend.compile(statement), None)

    def search(self, statement: ClauseElement) -> list[Row]:
        """Like `all`, for what may scan a table. Raises SearchTooLong as well."""
        try:
            return self._lanes.searches.run(self._all, self._backend.compile(statement), self._search_seconds)
        except SearchTooLong:
            self.too_long += 1
            raise

    def _all(self, query: Query, seconds: float | None) -> list[Row]:
        try:
            return self._fetch(query, seconds)
        except self._backend.errors as error:
            raise self.faults.report(error) from error

    def _fetch(self, query: Query, seconds: float | None) -> list[Row]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._backend.connect()
        try:
            if seconds is not None:
                connection.limit_time(seconds)
            rows = connection.execute(query.sql, query.params).fetchall()
            if seconds is not None:
                connection.limit_time(None)
        except Exception as error:
            timed_out = connection.timed_out
            connection.close()
            if seconds is not None and timed_out:
                raise SearchTooLong(
                    f"The search took longer than {seconds:g} seconds and was stopped. Narrow the search: a whole "
                    "plate, one camera, or a shorter time.",
                    retry_after=5,
                ) from error
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
