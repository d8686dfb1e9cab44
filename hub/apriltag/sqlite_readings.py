"""Readings with a statement that only SQLite understands: one for all rows of a commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from hub.apriltag.repository import COLUMNS, ReadingRepository
from hub.store.backend import Backend
from hub.store.reader import Reader
from hub.store.transaction import Transaction

FIELDS = [f"json_extract(value, '$[{place}]')" for place in range(len(COLUMNS))]
INSERT = f"INSERT INTO tag_readings ({', '.join(COLUMNS)}) SELECT {', '.join(FIELDS)} FROM json_each(:rows)"


class SqliteReadingRepository(ReadingRepository):
    """All rows of a commit by one statement."""

    def insert_job(self, rows: Sequence[Sequence[Any]]) -> Callable[[Transaction], None]:
        """The job for the writer that inserts these rows."""
        text = orjson.dumps(rows).decode()

        def job(transaction: Transaction) -> None:
            transaction.execute(INSERT, {"rows": text})

        return job


def reading_repository(backend: Backend, reader: Reader) -> ReadingRepository:
    """The repository of readings for a backend."""
    return (SqliteReadingRepository if backend.name == "sqlite" else ReadingRepository)(backend, reader)
