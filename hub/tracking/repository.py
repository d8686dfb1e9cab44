"""Statements of stored matches and of deleted persons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, literal, select

from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.salvage import Rows
from hub.store.statements import insert, insert_or_ignore
from hub.store.tables import table_of
from hub.store.transaction import Transaction
from hub.store.writer import Job
from hub.tracking.tables import TrackingDeletion, TrackingMatch

MATCHES = table_of(TrackingMatch)
DELETIONS = table_of(TrackingDeletion)
SHOWN = [column for column in MATCHES.columns if column.name != "crop"]
MAX_COUNTED = 10_000
DELETE_CHUNK = 20  # matches of up to 33 KB that one commit deletes, so that the writer is free again soon


@dataclass(frozen=True)
class Query:
    """Which matches: None is any. `before` is the last row of the page before."""

    limit: int = 50
    before: int | None = None
    person: str | None = None
    session: str | None = None


class MatchRepository:
    """Matches newest first, deletions by person; the statements of the writer are compiled once."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader, self.unreadable = reader, reader.unreadable
        self._insert = insert(backend, MATCHES)
        self._insert_deletion = insert_or_ignore(backend, DELETIONS, ["person"])
        some = select(MATCHES.columns.seq).where(MATCHES.columns.person == bindparam("of_person"))
        self._delete = backend.compile(delete(MATCHES).where(MATCHES.columns.seq.in_(some.limit(DELETE_CHUNK))))

    def insert_job(self, rows: Sequence[dict[str, Any]]) -> Job:
        """The job for the writer that inserts these rows."""

        def job(transaction: Transaction) -> None:
            transaction.execute_many(self._insert, rows)

        return job

    def deletion_job(self, person: str, moment: float) -> Job:
        """The job that records a person as deleted; the first time of it stays."""

        def job(transaction: Transaction) -> None:
            transaction.execute(self._insert_deletion, {"person": person, "deleted_at": moment})

        return job

    def delete_job(self, person: str) -> Callable[[Transaction], int]:
        """The job that deletes up to DELETE_CHUNK matches of a person; it returns how many."""

        def job(transaction: Transaction) -> int:
            return transaction.execute(self._delete.sql, {**self._delete.params, "of_person": person}).rowcount

        return job

    def deletions(self) -> list[Row]:
        """Every deleted person."""
        return self._reader.all(select(DELETIONS))

    def deleted_with_matches(self) -> str | None:
        """A deleted person that still has stored matches."""
        column = MATCHES.columns.person
        rows = self._reader.search(select(column).where(column.in_(select(DELETIONS.columns.person))).limit(1))
        return rows[0]["person"] if rows else None

    def page(self, query: Query) -> Rows:
        """The matches that match the query without their crops, newest first: one more than `limit` where there are."""
        conditions = _conditions(query)
        if query.before is not None:
            conditions.append(MATCHES.columns.seq < query.before)
        newest = select(*SHOWN).where(*conditions).order_by(MATCHES.columns.seq.desc()).limit(query.limit + 1)
        return self._reader.page(newest, may_scan=_may_scan(query))

    def count(self, query: Query) -> int | None:
        """How many matches match the query, whatever the page; None for more than MAX_COUNTED."""
        some = select(literal(1)).select_from(MATCHES).where(*_conditions(query)).limit(MAX_COUNTED + 1).subquery()
        statement = select(func.count().label("number")).select_from(some)
        rows = self._reader.search(statement) if _may_scan(query) else self._reader.all(statement)
        number = int(rows[0]["number"])
        return number if number <= MAX_COUNTED else None

    def crop(self, match_id: str) -> Row | None:
        """The row (seq, crop) of a match."""
        columns = MATCHES.columns
        rows = self._reader.all(select(columns.seq, columns.crop).where(columns.id == match_id))
        return rows[0] if rows else None


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    filters = ((query.person, MATCHES.columns.person), (query.session, MATCHES.columns.session_id))
    return [column == wanted for wanted, column in filters if wanted is not None]


def _may_scan(query: Query) -> bool:
    """Whether rows that an index finds may be filtered further."""
    return query.person is not None and query.session is not None
