"""The tables of pictures, and pictures in them: read on native threads with connections of their own."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hub.store.postgresql.backend import PostgresBackend
from hub.store.postgresql.connection import PostgresConnection
from hub.store.postgresql.pool import ConnectionPool

OTHER_DAY = 0  # the partition of moments that are not near
DETECTIONS, CAPTURES, UNDECODABLE = "detection_pictures", "capture_pictures", "undecodable_pictures"
TABLES = (DETECTIONS, CAPTURES, UNDECODABLE)
PARTITION = "CREATE TABLE IF NOT EXISTS {table}_{day} PARTITION OF {table} FOR VALUES IN ({day})"


def create_tables(connection: PostgresConnection) -> None:
    """The tables of pictures, unless they exist; waits for another hub that creates them. Raises psycopg.Error."""
    connection.begin()
    try:
        for table in (DETECTIONS, CAPTURES):
            connection.execute(
                f'CREATE TABLE IF NOT EXISTS {table} (day BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, '
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
        self._backend, self._pool = backend, ConnectionPool(backend)

    @contextmanager
    def connection(self) -> Iterator[PostgresConnection]:
        """A connection outside of the writer's. Raises OSError."""
        try:
            with self._pool.borrow() as connection:
                yield connection
        except self._backend.errors as error:
            raise OSError(errno.EIO, " ".join(str(error).split())) from error

    def one(self, sql: str, params: dict[str, Any]) -> Any:
        """The first row of a SELECT, or None. Raises OSError."""
        with self.connection() as connection:
            return connection.execute(sql, params).fetchone()

    def locate(self, table: str, days: Sequence[int], name: str) -> tuple[int, int] | None:
        """Day and size of a picture in one of the partitions. Raises OSError."""
        row = self.one(
            f"SELECT day, size FROM {table} WHERE day = ANY(%(days)s) AND name = %(name)s LIMIT 1",
            {"days": list(days), "name": name},
        )
        return None if row is None else (row["day"], row["size"])

    def days(self, table: str) -> dict[int, int]:
        """The bytes of every partition by its day. Raises OSError."""
        with self.connection() as connection:
            rows = connection.execute(
                "SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes FROM pg_inherits i "
                "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %(table)s::regclass",
                {"table": table},
            ).fetchall()
        return {int(row["name"].rpartition("_")[2]): int(row["bytes"]) for row in rows}

    def drop(self, table: str, day: int) -> None:
        """Drop the partition of a day. Raises OSError."""
        with self.connection() as connection:
            connection.execute(f"DROP TABLE IF EXISTS {table}_{day:d}")

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()
