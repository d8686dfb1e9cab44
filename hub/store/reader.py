"""Reads off the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.sql.elements import ClauseElement

from hub.contract.errors import Unavailable
from hub.contract.paging import MAX_PAGE_BYTES
from hub.runtime.lanes import Lanes
from hub.store.backend import Backend, Connection, Cursor, Query, Row
from hub.store.database_faults import DatabaseFaults
from hub.store.pool import ConnectionPool
from hub.store.salvage import Rows, UnreadableRows

IDLE_CONNECTIONS = 8
SEARCH_SECONDS = 5.0


class SearchTooLong(Unavailable):
    """A search was interrupted at its time limit (503)."""


@dataclass(frozen=True)
class Limits:
    """Limits of one read: bytes of its rows, and seconds until it is interrupted; None is no limit."""

    max_bytes: int | None = None
    seconds: float | None = None


class Reader:
    """SELECTs on native threads, with a few idle connections of their own.

    What reads a few rows by an index is `all` or `page`; what may scan a table has threads of its own (`search`,
    `page(..., may_scan=True)`), few pending ones and a time limit, so that it delays nothing else.
    """

    def __init__(
        self,
        backend: Backend,
        lanes: Lanes | None = None,
        search_seconds: float = SEARCH_SECONDS,
        folder: Path | None = None,
    ) -> None:
        """`folder`: the instance folder, for copies of rows that cannot be read."""
        self._backend, self._lanes, self._search_seconds = backend, lanes or Lanes(), search_seconds
        self.faults = DatabaseFaults(backend)
        self.unreadable = UnreadableRows(folder)
        self._pool = ConnectionPool(backend, IDLE_CONNECTIONS)
        self.too_long = 0

    def all(self, statement: ClauseElement) -> list[Row]:
        """Every row of a SELECT, off the event loop. Raises DatabaseError, DatabaseUnreadable or LaneBusy."""
        return self._lanes.reads.run(self._all, self._backend.compile(statement), Limits())

    def run(self, queries: Iterable[Query], then: Callable[[list[Row]], Iterable[Query]] | None = None) -> list[Row]:
        """Every row of SELECTs that were compiled before, for what is asked for each record. Raises as `all`.

        `then`: given those rows, what is asked in addition, in the same turn of the same thread. It runs there, so it
        must be quick and touch nothing that the event loop changes.
        """
        return self._lanes.reads.run(self._each, queries, then)

    def _each(self, queries: Iterable[Query], then: Callable[[list[Row]], Iterable[Query]] | None) -> list[Row]:
        rows: list[Row] = []
        for query in queries:
            rows += self._all(query, Limits())
        return rows if then is None else rows + self._each(then(rows), None)

    def used_bytes(self) -> int:
        """Bytes of the database without its free pages. Raises as `all`."""
        return self._lanes.reads.run(self._used_bytes)

    def _used_bytes(self) -> int:
        try:
            connection = self._backend.connect()
            try:
                return self._backend.used_bytes(connection)
            finally:
                connection.close()
        except self._backend.errors as error:
            raise self.faults.report(error) from error

    def search(self, statement: ClauseElement) -> list[Row]:
        """Like `all`, for what may scan a table. Raises SearchTooLong as well."""
        return self._search(statement, Limits(seconds=self._search_seconds))

    def page(self, statement: ClauseElement, may_scan: bool = False) -> Rows:
        """The rows of a SELECT, `cut` when they pass MAX_PAGE_BYTES. Raises as `all`, or as `search` with may_scan."""
        if may_scan:
            return self._search(statement, Limits(MAX_PAGE_BYTES, self._search_seconds))
        return self._lanes.reads.run(self._all, self._backend.compile(statement), Limits(MAX_PAGE_BYTES))

    def _search(self, statement: ClauseElement, limits: Limits) -> Rows:
        try:
            return self._lanes.searches.run(self._all, self._backend.compile(statement), limits)
        except SearchTooLong:
            self.too_long += 1
            raise

    def _all(self, query: Query, limits: Limits) -> Rows:
        try:
            return self._pool.run(lambda connection: _fetch(connection, query, limits))
        except self._backend.errors as error:
            raise self.faults.report(error) from error

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()


def _fetch(connection: Connection, query: Query, limits: Limits) -> Rows:
    try:
        if limits.seconds is not None:
            connection.limit_time(limits.seconds)
        cursor = connection.execute(query.sql, query.params)
        rows = Rows(cursor.fetchall()) if limits.max_bytes is None else _limited(cursor, limits.max_bytes)
        if limits.seconds is not None:
            connection.limit_time(None)
    except Exception as error:
        if limits.seconds is not None and connection.timed_out and not connection.broken:
            raise SearchTooLong(
                f"The search took longer than {limits.seconds:g} seconds and was stopped. Narrow the search: a whole "
                "plate, one camera, or a shorter time.",
                retry_after=5,
            ) from error
        raise
    return rows


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
