"""What a schema revision may do to the database."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable
from sqlalchemy.sql.elements import ClauseElement

from hub.store.backend import Backend, Connection

log = logging.getLogger(__name__)


class Schema:
    """Changes of tables and rows, all in the transaction that stamps the revision."""

    def __init__(self, backend: Backend, connection: Connection) -> None:
        self._backend, self._connection = backend, connection

    def create_table(self, table: Table) -> None:
        """Create a table with its indexes, unless it exists."""
        if table.name in self._backend.table_names(self._connection):
            return
        self._run(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            self._run(CreateIndex(index))

    def add_column(self, table: str, column: Column[Any]) -> None:
        """Add a column to a table. One that is not nullable needs a `server_default` for the rows that exist."""
        definition = self._backend.compile_ddl(CreateColumn(column))
        self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {definition}")

    def create_index(self, table: Table, name: str) -> None:
        """Create the index `name` of `table`."""
        self._run(next(CreateIndex(index) for index in table.indexes if index.name == name))

    def execute(self, statement: ClauseElement) -> None:
        """Run a Core statement, such as an UPDATE that fills a new column."""
        query = self._backend.compile(statement)
        self._connection.execute(query.sql, query.params)

    def readable_rows(self, statement: ClauseElement) -> list[dict[str, Any]]:
        """The rows of a SELECT, as far as the database can read them: what is damaged stays where it is."""
        query, rows = self._backend.compile(statement), []
        try:
            cursor = self._connection.execute(query.sql, query.params)
            while (row := cursor.fetchone()) is not None:
                rows.append({name: row[name] for name in row.keys()})
        except self._backend.errors as error:
            log.error("Rows of a table cannot be read and stay where they are: %s", error)
        return rows

    def insert_rows(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Insert rows that have the same columns."""
        if rows:
            sql = self._backend.compile(self._backend.insert(table), list(rows[0])).sql
            self._connection.executemany(sql, rows)

    def execute_if_readable(self, statement: ClauseElement) -> None:
        """Run a statement; one for which the database cannot read its table is left out and logged."""
        try:
            self.execute(statement)
        except self._backend.errors as error:
            log.error("A part of a table cannot be changed and stays as it is: %s", error)

    def execute_text(self, sql: str) -> None:
        """Run a statement in the words of the database, for what SQLAlchemy has none for, such as a trigger."""
        self._connection.execute(sql)

    def searched_index(self, sources: Mapping[str, tuple[str, str]], corrected: Collection[str]) -> list[str]:
        """The statements that index the values of fields by their parts, as `Backend.searched_index`."""
        return self._backend.searched_index(sources, corrected)

    def _run(self, element: CreateTable | CreateIndex) -> None:
        self._connection.execute(self._backend.compile_ddl(element))
