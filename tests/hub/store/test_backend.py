"""The interface of a database: a second one, and SQLite's own parts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import ClauseElement

from hub.apriltag.repository import Query as ReadingQuery
from hub.apriltag.repository import ReadingRepository
from hub.apriltag.sqlite_readings import SqliteReadingRepository, reading_repository
from hub.devices.repository import DeviceRepository
from hub.lpr.repository.repositories import Repositories
from hub.lpr.repository.sqlite_batches import SqliteCounterRepository, SqliteDetectionRepository
from hub.station.repository import CaptureRepository, StationRepository
from hub.store.backend import Query
from hub.store.errors import DatabaseError
from hub.store.reader import Reader
from hub.store.sqlite.backend import SqliteBackend
from hub.store.tables import table_of
from hub.vehicles.finder import VehicleFinder
from hub.vehicles.repository import VehicleRepository
from hub.vehicles.tables import WatchlistEntry


class PostgresTexts(SqliteBackend):
    """Compiles for PostgreSQL and keeps the texts; it connects to nothing."""

    name = "postgresql"

    def __init__(self) -> None:
        super().__init__(Path("unused"))
        self.texts: list[str] = []

    def compile(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> Query:
        compiled = statement.compile(dialect=postgresql.dialect(), column_keys=columns)
        self.texts.append(str(compiled))
        return Query(str(compiled), dict(compiled.params))

    def insert(self, table: Table) -> Any:
        return postgresql.insert(table)

    def replace(self, table: Table) -> str:
        return self.compile(postgresql.insert(table)).sql


def test_another_database_needs_no_other_statements() -> None:
    backend = PostgresTexts()
    reader = Reader(backend)
    repositories = Repositories.create(backend, reader)
    assert not isinstance(repositories.detections, SqliteDetectionRepository)
    assert not isinstance(repositories.counters, SqliteCounterRepository)
    assert type(reading_repository(backend, reader)) is ReadingRepository
    for repository in (CaptureRepository, StationRepository, DeviceRepository, VehicleFinder):
        repository(backend, reader)
    VehicleRepository(backend)
    assert len(backend.texts) > 12
    assert any("ON CONFLICT (kind, key) DO UPDATE SET count = (lpr_tallies.count + " in text for text in backend.texts)
    assert any("WHERE excluded.occurred_at >= lpr_components.occurred_at" in text for text in backend.texts)
    assert any(text.endswith("RETURNING captures.seq") for text in backend.texts)


def test_readings_are_the_same_rows_by_both_statements(app: Any) -> None:
    parts = app.extensions["gatehouse"]
    rows = [["b", tag, 4102444800.0, None, "udp", "", f'{{"tag_id":{tag}}}'] for tag in range(3)]
    stored = []
    for kind in (ReadingRepository, SqliteReadingRepository):
        repository = kind(parts.backend, parts.reader)
        parts.writer.write(repository.insert_job(rows))
        page = repository.page(ReadingQuery(limit=2))
        stored.append([{key: value for key, value in dict(row).items() if key != "seq"} for row in page])
    assert stored[0] == stored[1] and len(stored[0]) == 3


def test_reading_a_database_without_the_table_is_an_error_with_its_reason(tmp_path: Path) -> None:
    reader = Reader(SqliteBackend(tmp_path / "empty.db"))
    with pytest.raises(DatabaseError, match="no such table: watchlist"):
        reader.all(select(table_of(WatchlistEntry)))
    reader.close()


def test_sqlite_steps_of_a_transaction(tmp_path: Path) -> None:
    backend = SqliteBackend(tmp_path / "x.db")
    connection = backend.connect()
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
    connection.rollback()
    connection.begin()
    assert connection.insert("INSERT INTO t VALUES (?)", (5,)) == 5
    connection.savepoint()
    connection.executemany("INSERT INTO t VALUES (?)", [(6,), (7,)])
    connection.rollback_to_savepoint()
    connection.release_savepoint()
    connection.commit()
    connection.begin()
    connection.execute("DELETE FROM t", ())
    connection.rollback()
    assert [row["a"] for row in connection.execute("SELECT a FROM t")] == [5]
    assert backend.table_names(connection) == {"t"} and backend.revision(connection) == 0
    with pytest.raises(backend.errors) as raised:
        connection.insert("INSERT INTO t VALUES (?)", (5,))
    assert isinstance(raised.value, sqlite3.IntegrityError) and not isinstance(raised.value, backend.outages)
    connection.close()


def test_sqlite_texts() -> None:
    backend = SqliteBackend(Path("unused"))
    table = table_of(WatchlistEntry)
    assert backend.replace(table).startswith("INSERT OR REPLACE INTO watchlist (id, plate, normalised, action")
    query = backend.compile(delete(table).where(table.columns.id.in_(["a", "b"])))
    assert query.sql.endswith("IN (:id_1_1, :id_1_2)") and query.params == {"id_1_1": "a", "id_1_2": "b"}
    assert backend.compile(insert(table), ["id", "match"]).sql.endswith('(id, "match") VALUES (:id, :match)')
