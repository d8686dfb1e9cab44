"""The tables of pictures, and pictures in them: read on native threads with connections of their own."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hub.store.backend import Cursor, Row
from hub.store.pool import ConnectionPool
from hub.store.postgresql.backend import PostgresBackend
from hub.store.postgresql.connection import WRITERS_LOCK, PostgresConnection

T = TypeVar("T")

IDLE_CONNECTIONS = 4
OTHER_DAY = 0  # the partition of moments that are not near
DETECTIONS, CAPTURES, UNDECODABLE = "detection_pictures", "capture_pictures", "undecodable_pictures"
TABLES = (DETECTIONS, CAPTURES, UNDECODABLE)
# Added with a lock that lets others write to the table: a statement of another hub, which has the table, may wait for
# the lock of writers that this hub has.
PARTITION = f"""DO $$ BEGIN PERFORM pg_advisory_xact_lock({WRITERS_LOCK});
IF NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = to_regclass('{{table}}_{{day}}')) THEN
CREATE TABLE IF NOT EXISTS {{table}}_{{day}} (LIKE {{table}} INCLUDING ALL);
ALTER TABLE {{table}} ATTACH PARTITION {{table}}_{{day}} FOR VALUES IN ({{day}}); END IF; END $$"""


def create_tables(connection: PostgresConnection) -> None:
    """The tables of pictures, unless they exist; waits for another hub that creates them. Raises psycopg.Error.

    Tables that exist are not locked: other hubs write to them.
    """
    connection.begin()
    try:
        for table in (DETECTIONS, CAPTURES):
            if connection.execute(f"SELECT to_regclass('{table}') AS found").fetchone()["found"] is None:
                connection.execute(
                    f'CREATE TABLE {table} (day BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, '
                    "size BIGINT NOT NULL, data BYTEA NOT NULL, PRIMARY KEY (day, name)) PARTITION BY LIST (day)"
                )
                # Pictures are compressed already, and a part of one is read without the rest.
                connection.execute(f"ALTER TABLE {table} ALTER COLUMN data SET STORAGE EXTERNAL")
            connection.execute(PARTITION.format(table=table, day=OTHER_DAY))
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS {UNDECODABLE} (name TEXT COLLATE "C" PRIMARY KEY, data BYTEA NOT NULL)'
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


@dataclass(frozen=True)
class PictureRow:
    """A picture in a table, as `hub.store.pictures.StoredPicture`."""

    tables: PictureTables
    table: str
    day: int
    name: str
    size: int
    content_type: str
    crc: int | None = None

    start = 0

    @property
    def place(self) -> str:
        """The partition, for sentences."""
        return f"{self.table}_{self.day}"

    def is_whole(self) -> bool:
        """Rows are stored whole."""
        return True

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the picture, fewer at its end. Raises FileNotFoundError where it was deleted, or OSError."""
        row = self.tables.one(
            f"SELECT substring(data FROM %(first)s FOR %(size)s) AS data FROM {self.table} "
            "WHERE day = %(day)s AND name = %(name)s",
            {"first": offset + 1, "size": size, "day": self.day, "name": self.name},
        )
        if row is None:
            raise FileNotFoundError(errno.ENOENT, "the picture was deleted", self.name)
        return bytes(row["data"])


class PictureTables:
    """Both tables, read on native threads with connections of their own; psycopg's errors become OSError."""

    def __init__(self, backend: PostgresBackend) -> None:
        self._backend, self._pool = backend, ConnectionPool(backend, IDLE_CONNECTIONS)

    def _execute(self, sql: str, params: dict[str, Any] | None, rows: Callable[[Cursor], T]) -> T:
        """What `rows` takes from a statement, on a connection outside of the writer's. Raises OSError."""
        try:
            return self._pool.run(lambda connection: rows(connection.execute(sql, params)))
        except self._backend.errors as error:
            raise OSError(errno.EIO, " ".join(str(error).split())) from error

    def one(self, sql: str, params: dict[str, Any]) -> Any:
        """The first row of a SELECT, or None. Raises OSError."""
        return self._execute(sql, params, lambda cursor: cursor.fetchone())

    def all(self, sql: str, params: dict[str, Any]) -> list[Row]:
        """Every row of a SELECT. Raises OSError."""
        return self._execute(sql, params, lambda cursor: cursor.fetchall())

    def locate(self, table: str, days: Sequence[int], name: str) -> tuple[int, int] | None:
        """Day and size of a picture in one of the partitions. Raises OSError."""
        row = self.one(
            f"SELECT day, size FROM {table} WHERE day = ANY(%(days)s) AND name = %(name)s LIMIT 1",
            {"days": list(days), "name": name},
        )
        return None if row is None else (row["day"], row["size"])

    def days(self, table: str) -> dict[int, int]:
        """The bytes of every partition by its day. Raises OSError."""
        rows = self.all(
            "SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes FROM pg_inherits i "
            "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %(table)s::regclass",
            {"table": table},
        )
        return {int(row["name"].rpartition("_")[2]): int(row["bytes"]) for row in rows}

    def drop(self, table: str, day: int) -> None:
        """Drop the partition of a day. Raises OSError."""
        self._execute(f"DROP TABLE IF EXISTS {table}_{day:d}", None, lambda cursor: None)

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()
