"""What a schema revision may do to the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable
from sqlalchemy.sql.elements import ClauseElement

from hub.store.backend import Backend, Connection


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

    def execute_text(self, sql: str) -> None:
        """Run a statement in the words of the database, for what SQLAlchemy has none for, such as a trigger."""
        self._connection.execute(sql)

    def _run(self, element: CreateTable | CreateIndex) -> None:
        self._connection.execute(self._backend.compile_ddl(element))
