"""Statements of stored AprilTag readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_

from hub.apriltag.tables import TagReadingRow
from hub.store.backend import Backend
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.statements import columns, insert
from hub.store.tables import table_of
from hub.store.transaction import Transaction

READINGS = table_of(TagReadingRow)
COLUMNS = columns(READINGS)


@dataclass(frozen=True)
class Query:
    """Which readings: None is any. Times are epoch seconds of receipt; `before` is the last row of the page before."""

    limit: int = 50
    before: int | None = None
    tag: int | None = None
    board: str | None = None
    since: float | None = None
    until: float | None = None


class ReadingRepository:
    """Readings, with statements that every database understands. A row is a list in the order of `COLUMNS`."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        self._insert = insert(backend, table_of(TagReadingRow))

    def insert_job(self, rows: Sequence[Sequence[Any]]) -> Callable[[Transaction], None]:
        """The job for the writer that inserts these rows."""

        def job(transaction: Transaction) -> None:
            transaction.execute_many(self._insert, [dict(zip(COLUMNS, row, strict=True)) for row in rows])

        return job

    def page(self, query: Query) -> Rows:
        """The readings that match, newest first: one more than `query.limit` where there are more.

        Empty when the row of the cursor has expired: its page was the oldest.
        """
        table = TagReadingRow
        filters = (
            (query.tag, table.tag_id.__eq__),
            (query.board, table.board.__eq__),
            (query.since, table.received_at.__ge__),
            (query.until, table.received_at.__le__),
        )
        conditions = [compare(wanted) for wanted, compare in filters if wanted is not None]
        order = (table.received_at, table.seq)
        if query.before is not None:
            last = self._reader.all(select(*order).where(table.seq == query.before))
            if not last:
                return Rows()
            conditions.append(tuple_(*order) < tuple_(last[0]["received_at"], last[0]["seq"]))
        return self._reader.page(
            select(READINGS).where(*conditions).order_by(*(column.desc() for column in order)).limit(query.limit + 1)
        )
