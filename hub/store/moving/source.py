"""The SQLite side of a copy: rows in the order of their keys, in one state of the database, and pictures by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Table, select, tuple_

from hub.settings.model import Settings
from hub.store.errors import StoreUnusable
from hub.store.images import ImageStore
from hub.store.migrations.revisions import REVISIONS
from hub.store.packs import NAME as PACK_NAME
from hub.store.packs import PackStore
from hub.store.sqlite.backend import SqliteBackend


class Source:
    """The stored data of an instance folder, which a hub may go on changing: what is read is of one moment."""

    def __init__(self, settings: Settings) -> None:
        """Raises StoreUnusable, or an error of SQLite."""
        if not settings.database_path.exists():
            raise StoreUnusable(f"There is no database {settings.database_path}; nothing is to be copied.")
        self._backend = SqliteBackend(settings.database_path, read_only=True)
        self._images, self._packs = ImageStore(settings.images_path), PackStore(settings.packs_path)
        self.connection = self._backend.connect()
        self.connection.execute("BEGIN")
        revision, newest = self._backend.revision(self.connection), REVISIONS[-1].number
        if revision != newest:
            self.close()
            raise StoreUnusable(
                f"The database {settings.database_path} has schema revision {revision}, and this version copies "
                f"revision {newest}; start the hub of this version once on SQLite, then copy."
            )

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What reading rows may raise."""
        return self._backend.errors

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        return int(self.connection.execute(f"SELECT count(*) AS rows FROM {table.name}").fetchone()["rows"])

    def chunks(self, table: Table, rows: int) -> Iterator[list[dict[str, Any]]]:
        """All rows by their primary key, so many at a time."""
        keys = list(table.primary_key)
        after: list[Any] = []
        while True:
            some = select(table).order_by(*keys).limit(rows)
            if after:
                some = some.where(tuple_(*keys) > tuple_(*after))
            query = self._backend.compile(some)
            found = [dict(row) for row in self.connection.execute(query.sql, query.params).fetchall()]
            if found:
                yield found
            if len(found) < rows:
                return
            after = [found[-1][key.name] for key in keys]

    def last_number(self, table: Table) -> int:
        """The greatest number that a table has ever given to a row, 0 where it does not say."""
        row = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
        return int(row["seq"]) if row is not None else 0

    def pictures(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The pictures of these names that are there and whole. Raises OSError."""
        for name in names:
            found = self._packs.read(name, raw=True) if PACK_NAME.fullmatch(name) else self._images.read(name)
            if found is not None:
                yield name, found[0]

    def close(self) -> None:
        """End the reading."""
        self.connection.close()
