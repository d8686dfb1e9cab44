"""The PostgreSQL side of a copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Boolean, Table, delete, select, tuple_

from hub.store.errors import StoreUnusable
from hub.store.packs import NAME as PACK_NAME
from hub.store.postgresql.backend import PostgresBackend
from hub.store.postgresql.picture_tables import CAPTURES, DETECTIONS, PARTITION
from hub.store.postgresql.pictures import INSERT, day_of_capture
from hub.store.postgresql.start import BEING_COPIED, prepare

RECORDS = ("captures", "lpr_records")


class Target:
    """A database that only this copy fills; one that a hub has used is refused."""

    def __init__(self, url: str) -> None:
        """Raises StoreUnusable."""
        self._backend = PostgresBackend(url)
        prepare(self._backend, to_be_copied=True)
        self.address = self._backend.address
        self.connection = self._backend.connect()
        self._partitions: set[tuple[str, int]] = set()
        if not self._is_ours():
            self.close()
            raise StoreUnusable(
                f"The PostgreSQL database {self.address} has records of its own, or a hub has been started on it; "
                "name an empty one, made with `createdb`."
            )

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What storing rows may raise."""
        return self._backend.errors

    def _is_ours(self) -> bool:
        if self._one(f"SELECT to_regclass('{BEING_COPIED}') IS NOT NULL AS value"):
            return True
        if any(self._one(f"SELECT EXISTS (SELECT 1 FROM {table}) AS value") for table in RECORDS):
            return False
        self.connection.execute(f"CREATE TABLE {BEING_COPIED} (began_at TIMESTAMPTZ DEFAULT now())")
        return True

    def _one(self, sql: str) -> Any:
        return self.connection.execute(sql).fetchone()["value"]

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        return int(self._one(f"SELECT count(*) AS value FROM {table.name}"))

    def between(self, table: Table, after: Sequence[Any], last: Sequence[Any]) -> list[dict[str, Any]]:
        """The rows with greater keys than `after` (any, where it is empty), up to `last`, by their keys."""
        keys = tuple_(*table.primary_key)
        some = select(table).where(keys <= tuple_(*last)).order_by(*table.primary_key)
        if after:
            some = some.where(keys > tuple_(*after))
        query = self._backend.compile(some)
        return [dict(row) for row in self.connection.execute(query.sql, query.params).fetchall()]

    def replace(
        self, table: Table, after: Sequence[Any], last: Sequence[Any], rows: list[dict[str, Any]], pictures: Pictures
    ) -> list[str]:
        """Store rows, with their pictures, in the place of those between two keys; why some could not be stored."""
        refused: list[str] = []
        self.connection.begin()
        try:
            for name, data in pictures:
                self._put(name, data)
            keys = tuple_(*table.primary_key)
            old = delete(table).where(keys <= tuple_(*last))
            query = self._backend.compile(old.where(keys > tuple_(*after)) if after else old)
            self.connection.execute(query.sql, query.params)
            sql = self._backend.compile(self._backend.insert(table), [column.name for column in table.columns]).sql
            rows = [_with_truths(table, row) for row in rows]
            self.connection.savepoint()
            try:
                self.connection.executemany(sql, rows)
            except self._backend.errors:
                self.connection.rollback_to_savepoint()
                refused = self._one_by_one(table, sql, rows)
            self.connection.release_savepoint()
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise
        return refused

    def _one_by_one(self, table: Table, sql: str, rows: list[dict[str, Any]]) -> list[str]:
        """Inside the savepoint: store each row on its own; sentences about those that cannot be stored."""
        refused = []
        for row in rows:
            self.connection.execute("SAVEPOINT one")
            try:
                self.connection.execute(sql, row)
            except self._backend.errors as error:
                self.connection.execute("ROLLBACK TO one")
                key = ", ".join(str(row[column.name])[:80] for column in table.primary_key)
                refused.append(f"The row {key} of {table.name} cannot be stored: {' '.join(str(error).split())[:200]}.")
            self.connection.execute("RELEASE one")
        return refused

    def delete_after(self, table: Table, last: Sequence[Any]) -> None:
        """Delete the rows with greater keys; all, where `last` is empty."""
        statement = delete(table)
        query = self._backend.compile(
            statement.where(tuple_(*table.primary_key) > tuple_(*last)) if last else statement
        )
        self.connection.execute(query.sql, query.params)

    def set_last_number(self, table: Table, key: str, last: int) -> None:
        """Let a table go on with the number after `last`, or after its own last row."""
        self.connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{key}'), "
            f"greatest(1, {last:d}, (SELECT max({key}) FROM {table.name})))"
        )

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those of the names that no picture has yet."""
        wanted = list(dict.fromkeys(names))
        found = self.connection.execute(
            f"SELECT name FROM {CAPTURES} WHERE name = ANY(%(names)s) AND day = ANY(%(days)s) "
            f"UNION ALL SELECT name FROM {DETECTIONS} WHERE name = ANY(%(names)s) AND day = ANY(%(days)s)",
            {"names": wanted, "days": sorted({_place(name)[1] for name in wanted})},
        ).fetchall()
        there = {row["name"] for row in found}
        return [name for name in wanted if name not in there]

    def _put(self, name: str, data: bytes) -> None:
        table, day = _place(name)
        if (table, day) not in self._partitions:
            self.connection.execute(PARTITION.format(table=table, day=day))
            self._partitions.add((table, day))
        self.connection.execute(INSERT[table], {"day": day, "name": name, "size": len(data), "data": data})

    def close(self) -> None:
        """End the copy."""
        self.connection.close()


Pictures = Iterator[tuple[str, bytes]]


def _with_truths(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row in which the 0 and 1 of SQLite are truths."""
    truths = {
        column.name for column in table.columns if isinstance(column.type, Boolean) and row[column.name] in (0, 1)
    }
    return {name: bool(value) if name in truths else value for name, value in row.items()}


def _place(name: str) -> tuple[str, int]:
    """The table and the partition of a picture."""
    match = PACK_NAME.fullmatch(name)
    return (DETECTIONS, int(match[1])) if match else (CAPTURES, day_of_capture(name))
