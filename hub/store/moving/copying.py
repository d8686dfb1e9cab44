"""Makes the tables of a PostgreSQL database the same as those of an SQLite one, chunk by chunk.

A chunk that is the same on both sides is left as it is, so that a copy that was interrupted goes on where it was, and
one that is made again while the hub runs stores only what has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

from hub.store.moving.source import Source
from hub.store.moving.target import Target
from hub.store.postgresql.connection import clean

ROWS, ROWS_WITH_PICTURES = 1000, 100
MAX_REFUSED = 20  # sentences about rows that are kept
MADE_ANEW = ("searched_values", "searched_fields")  # by triggers, from the rows

NamesOf = Callable[[Mapping[str, Any]], list[str]]


@dataclass
class Copied:
    """A table on both sides: rows and their checksum."""

    table: str
    rows: tuple[int, int]
    sums: tuple[str, str]
    pictures: int = 0  # that were copied now
    refused: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return self.rows[0] == self.rows[1] and self.sums[0] == self.sums[1]


def copy_table(
    source: Source, target: Target, table: Table, names_of: NamesOf | None, progress: Callable[[int], None]
) -> Copied:
    """Copy the rows of a table with the pictures that they name. Raises errors of both databases, and OSError.

    `progress` gets the number of rows that are done. What cannot be stored is left out and named in `refused`.
    """
    sums = hashlib.sha256(), hashlib.sha256()
    done, stored, pictures = 0, 0, 0
    refused: list[str] = []
    after: list[Any] = []
    keys = [column.name for column in table.primary_key]
    for rows in source.chunks(table, ROWS if names_of is None else ROWS_WITH_PICTURES):
        rows = [{name: clean(value) for name, value in row.items()} for row in rows]
        last = [rows[-1][key] for key in keys]
        missing = target.missing(name for row in rows for name in names_of(row)) if names_of is not None else []
        there = target.between(table, after, last)
        ours, theirs = _digest(table, rows), _digest(table, there)
        if missing or ours != theirs:
            some = list(source.pictures(missing))
            pictures += len(some)
            refused += target.replace(table, after, last, rows, iter(some))
            there = target.between(table, after, last)
            theirs = _digest(table, there)
        sums[0].update(ours)
        sums[1].update(theirs)
        done, stored, after = done + len(rows), stored + len(there), last
        progress(done)
    target.delete_after(table, after)
    number = table.autoincrement_column
    if number is not None:
        target.set_last_number(table, number.name, source.last_number(table))
    return Copied(
        table.name, (done, stored), (sums[0].hexdigest(), sums[1].hexdigest()), pictures, refused[:MAX_REFUSED]
    )


def tables_to_copy(tables: Sequence[Table]) -> list[Table]:
    """The tables that are copied, those that others refer to first."""
    return [table for table in tables if table.name not in MADE_ANEW]


def _digest(table: Table, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Of the values of rows, in their order."""
    total = hashlib.sha256()
    for row in rows:
        for column in table.columns:
            value = row[column.name]
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            total.update(repr(float(value) if number and _is_float(column) else value).encode("utf-8", "replace"))
            total.update(b"\x1f")
        total.update(b"\x1e")
    return total.digest()


def _is_float(column: Any) -> bool:
    return column.type.python_type is float
