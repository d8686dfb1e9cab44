"""PostgreSQL as a `hub.store.backend.Backend`: connections, dialect, errors, the place of the schema revision."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, column, select, table
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.elements import ClauseElement

from hub.store.backend import Connection, Fault, Query
from hub.store.errors import StoreUnusable
from hub.store.postgresql import searched_index
from hub.store.postgresql.connection import PostgresConnection, connect
from hub.store.postgresql.dialect import DIALECT
from hub.store.postgresql.driver import driver
from hub.store.postgresql.size import USED_BYTES

VALUES = table("searched_values", column("id"), column("value"))
REVISION = "schema_revision"
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0  # seconds between two attempts to connect, in a row
DISK_FULL = "53100"


class PostgresBackend:
    """The database at the address `url`. `synchronous`: FULL (every commit survives a power cut) or NORMAL.

    Raises StoreUnusable where psycopg is missing or the address cannot be read.
    """

    name = "postgresql"
    version = "PostgreSQL"
    in_folder = False
    advice = "Check PostgreSQL and the room on its disk"

    def __init__(self, url: str, synchronous: str = "FULL") -> None:
        self._url, self._synchronous = url, synchronous
        psycopg = driver()
        self.errors: tuple[type[Exception], ...] = (psycopg.Error,)
        self.outages: tuple[type[Exception], ...] = (
            psycopg.OperationalError,
            psycopg.InterfaceError,
            psycopg.InternalError,
        )
        self.title = self.address = _shown(url)
        self.application = f"gatehouse-{secrets.token_hex(4)}"  # its connections, among those of other hubs
        self._keys: dict[str, str] = {}  # the generated key's column, by INSERT
        self._failure: Exception | None = None  # of the last attempt to connect
        self._pause, self._again_at = 0.0, 0.0

    def connect(self) -> PostgresConnection:
        if self._failure is not None and monotonic() < self._again_at:
            raise self._failure
        try:
            connection = connect(self._url, self._synchronous, self._keys, self.application)
        except self.errors as error:
            self._failure = error
            self._pause = min(max(FIRST_PAUSE, self._pause * 2), LONGEST_PAUSE)
            self._again_at = monotonic() + self._pause
            raise
        self._failure, self._pause = None, 0.0
        self.version = f"PostgreSQL {connection.server_version // 10000}.{connection.server_version % 10000}"
        return connection

    def fault(self, error: Exception) -> Fault:
        if not isinstance(error, self.errors):
            return ""
        if getattr(error, "sqlstate", None) == DISK_FULL:
            return "full"
        return "unavailable" if isinstance(error, self.outages) else ""

    def checker(self) -> PostgresChecker:
        return PostgresChecker()

    def compile(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> Query:
        if isinstance(statement, Insert):
            statement = statement.inline()  # without RETURNING, which `insert` adds where the key is wanted
        compiled = statement.compile(dialect=DIALECT, column_keys=columns, compile_kwargs={"render_postcompile": True})
        sql = str(compiled)
        if isinstance(statement, Insert) and isinstance(statement.table, Table):
            key = statement.table.autoincrement_column
            if key is not None:
                self._keys[sql] = key.name
        return Query(sql, dict(compiled.params))

    def insert(self, table: Table) -> postgresql.Insert:
        return postgresql.insert(table)

    def replace(self, table: Table) -> str:
        keys = [column.name for column in table.primary_key]
        statement = postgresql.insert(table)
        others = [column.name for column in table.columns if not column.primary_key]
        statement = statement.on_conflict_do_update(
            index_elements=keys, set_={name: statement.excluded[name] for name in others}
        )
        return self.compile(statement, [column.name for column in table.columns]).sql

    def compile_ddl(self, element: Any) -> str:
        return str(element.compile(dialect=DIALECT))

    def part_ids(self, part: str) -> Select[Any]:
        return select(VALUES.columns.id).where(VALUES.columns.value.contains(part, autoescape=True))

    def texts_only(self, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
        return []

    def searched_index(self, sources: Mapping[str, tuple[str, str]], corrected: Collection[str]) -> list[str]:
        return searched_index.statements(sources, corrected)

    def table_names(self, connection: Connection) -> set[str]:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
        return {row["tablename"] for row in rows} - {REVISION}

    def used_bytes(self, connection: Connection) -> int:
        return int(connection.execute(USED_BYTES).fetchone()["bytes"])

    def revision(self, connection: Connection) -> int:
        if connection.execute(f"SELECT to_regclass('{REVISION}') AS found").fetchone()["found"] is None:
            return 0
        row = connection.execute(f"SELECT max(number) AS number FROM {REVISION}").fetchone()
        return int(row["number"] or 0)

    def set_revision(self, connection: Connection, number: int) -> None:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {REVISION} (number BIGINT NOT NULL)")
        if not connection.execute(f"UPDATE {REVISION} SET number = {number:d}").rowcount:
            connection.execute(f"INSERT INTO {REVISION} (number) VALUES ({number:d})")


def _shown(url: str) -> str:
    """The address without password and options."""
    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except (ArgumentError, ValueError) as error:
        raise StoreUnusable(
            "store.url cannot be read; it is postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for an @ in the "
            "password (its value is not shown)."
        ) from error


class PostgresChecker:
    """`hub.store.backend.Checker`: PostgreSQL watches over its own files."""

    def check(self) -> list[str]:
        return []

    def stop(self) -> None:
        """Nothing runs."""
