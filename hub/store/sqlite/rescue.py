"""Copies what can be read of a damaged SQLite database into a new one.

A damaged page costs its own rows. Each table is read by row id up to the damage, the next readable row behind it is
looked for, and the part between is halved again and again, so that rows between two damaged pages are found as well.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.store.sqlite.connection import connect

log = logging.getLogger(__name__)

FIRST, LAST = -(2**63), 2**63 - 1  # row ids
MAX_FAILURES = 20_000  # failed reads of one damaged part; a whole unreadable branch would be halved for hours
TAIL_IDS = 1000  # that are looked at one by one where everything behind the damage seems unreadable
BATCH = 500
DERIVED = "searched_"  # tables that triggers fill again from the rows that are kept (schema revision 7)
CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

Rows = Iterator[tuple[Any, ...]]


@dataclass
class Rescued:
    """What became of each table: rows that were kept, and at most how many are lost (None: nobody can say)."""

    kept: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int | None] = field(default_factory=dict)  # tables that could not be read whole


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether an error means that stored data is damaged, and not that the disk or the database fails now."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in CORRUPT


def damage(path: Path, seconds: float | None) -> list[str]:
    """What a check of the pages finds in so many seconds; None has no limit. Raises sqlite3.Error of another kind."""
    try:
        with closing(connect(path)) as connection:
            connection.limit_time(seconds)
            try:
                rows = connection.execute("PRAGMA quick_check(5)").fetchall()
            except sqlite3.OperationalError:
                if connection.timed_out:
                    return []
                raise
    except sqlite3.DatabaseError as error:
        if is_corrupt(error):
            return [str(error)]
        raise
    found = [" ".join(str(row[0]).split()) for row in rows]
    return [] if found == ["ok"] else found


def revision(path: Path) -> int | None:
    """The schema revision of a damaged database, or None where it cannot be read."""
    try:
        with closing(connect(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return None


def rescue(damaged: Path, target: Path) -> Rescued:
    """Copy every readable row into `target`, which has the tables already and no rows; durable at the end.

    Raises sqlite3.Error or OSError where `target` cannot be written.
    """
    result = Rescued()
    with closing(connect(target)) as writing, closing(_reading(damaged)) as reading:
        writing.execute("PRAGMA foreign_keys=OFF")
        writing.execute("PRAGMA synchronous=OFF")
        names = [row[0] for row in writing.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if not name.startswith(("sqlite_", DERIVED)):
                _copy_table(reading, writing, name, result)
        _copy_sequences(reading, writing)
        writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    handle = os.open(target, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return result


def _reading(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _copy_table(reading: sqlite3.Connection, writing: sqlite3.Connection, table: str, result: Rescued) -> None:
    """Copy the columns that both have, under the same row ids."""
    result.kept[table] = 0
    wanted = [row[1] for row in writing.execute(f'PRAGMA table_info("{table}")')]
    try:
        present = {row[1] for row in reading.execute(f'PRAGMA table_info("{table}")')}
    except sqlite3.Error:
        present = set()
    columns = [name for name in wanted if name in present]
    if not columns:
        result.lost[table] = None
        return
    source = _reader(reading, writing, table, columns)
    names = ", ".join(f'"{name}"' for name in source.columns)
    insert = f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({", ".join("?" * len(source.columns))})'
    batch: list[tuple[Any, ...]] = []

    def flush() -> None:
        writing.execute("BEGIN")
        result.kept[table] += writing.executemany(insert, batch).rowcount
        writing.execute("COMMIT")
        batch.clear()

    for row in source.rows():
        batch.append(row)
        if len(batch) >= BATCH:
            flush()
    flush()
    if source.failed:
        result.lost[table] = source.lost
    log.warning("The table %s: %d rows were kept.", table, result.kept[table])


def _copy_sequences(reading: sqlite3.Connection, writing: sqlite3.Connection) -> None:
    """Let no new row have the number of a lost one."""
    try:
        rows = reading.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    except sqlite3.Error:
        return
    for name, seq in rows:
        if isinstance(seq, int):
            changed = writing.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (seq, name))
            if not changed.rowcount:
                writing.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, seq))


def _reader(
    reading: sqlite3.Connection, writing: sqlite3.Connection, table: str, columns: list[str]
) -> RowIdReader | KeyReader:
    """What reads a table: by its row ids, or by its key where it has none (WITHOUT ROWID)."""
    try:
        writing.execute(f'SELECT rowid FROM "{table}" LIMIT 0')
    except sqlite3.OperationalError:
        info = writing.execute(f'PRAGMA table_info("{table}")').fetchall()
        return KeyReader(reading, table, columns, [row[1] for row in sorted(info, key=lambda row: row[5]) if row[5]])
    return RowIdReader(reading, table, columns)


class KeyReader:
    """Reads the rows of a table by its key from both ends, up to the damage; rows of both ends may be the same."""

    lost: int | None = None  # nobody can say

    def __init__(self, connection: sqlite3.Connection, table: str, columns: list[str], key: list[str]) -> None:
        names, self.columns = ", ".join(f'"{name}"' for name in columns), columns
        self._execute: Callable[..., sqlite3.Cursor] = connection.execute
        orders = (", ".join(f'"{name}"{order}' for name in key) for order in ("", " DESC"))
        self._selects = [f'SELECT {names} FROM "{table}" ORDER BY {order}' for order in orders]
        self.failed = 0

    def rows(self) -> Rows:
        """Every row that can be read."""
        for select in self._selects:
            try:
                yield from self._execute(select)
                return
            except sqlite3.Error:
                self.failed += 1


class RowIdReader:
    """Reads the rows of a table by their row ids, the first column.

    `lost`: the ids of the damaged part, at most how many rows are gone; None where its end cannot be told.
    """

    def __init__(self, connection: sqlite3.Connection, table: str, columns: list[str]) -> None:
        self.columns = ["rowid", *columns]
        names = ", ".join(f'"{name}"' for name in self.columns)
        self._execute: Callable[..., sqlite3.Cursor] = connection.execute
        self._select = f'SELECT {names} FROM "{table}" WHERE rowid > ? AND rowid < ? ORDER BY rowid'
        self._one_row = f'SELECT {names} FROM "{table}" WHERE rowid = ?'
        self._first_id = f'SELECT rowid FROM "{table}" WHERE rowid >= ? ORDER BY rowid LIMIT 1'
        self.failed = 0
        self.lost: int | None = 0

    def rows(self) -> Rows:
        """Every row that can be read."""
        low = FIRST
        while True:
            failed = self.failed
            for row in self._until_damage(low, LAST, ""):
                low = row[0]
                yield row
            if self.failed == failed:
                return
            low = max(low, 0)
            found, high = self._next_readable(low)
            yield from self._between(low, high)
            if not found:
                return
            yield from self._one(high)
            low = high

    def _next_readable(self, low: int) -> tuple[bool, int]:
        """Whether there is a readable row behind the damage, and its id; else an id up to which it is worth looking."""
        for power in range(62):
            place = low + 2**power
            try:
                row = self._execute(self._first_id, (place,)).fetchone()
            except sqlite3.Error:
                self.failed += 1
                continue
            return (False, place) if row is None else (True, int(row[0]))
        self.lost = None
        return False, low + TAIL_IDS

    def _between(self, low: int, high: int) -> Rows:
        """The rows with ids between `low` and `high`, both excluded, by halving. The widest parts come first."""
        parts, given_up = deque([(low, high)]), self.failed + MAX_FAILURES
        while parts and self.failed < given_up:
            low, high = parts.popleft()
            if high - low <= 2:
                yield from self._one(low + 1)
                continue
            failed = self.failed
            for row in self._until_damage(low, high, ""):
                low = row[0]
                yield row
            if self.failed == failed:
                continue
            for row in self._until_damage(low, high, " DESC"):
                high = row[0]
                yield row
            if high - low > 2:
                middle = low + (high - low) // 2
                parts += [(low, middle + 1), (middle, high)]
            elif high - low == 2:
                parts.append((low, high))
        self._lose(sum(high - low for low, high in parts))

    def _one(self, row_id: int) -> Rows:
        """The row of an id: the driver reads one row ahead, and so loses the last one before the damage."""
        try:
            yield from self._execute(self._one_row, (row_id,))
        except sqlite3.Error:
            self.failed += 1
            self._lose(1)

    def _lose(self, rows: int) -> None:
        if self.lost is not None:
            self.lost += rows

    def _until_damage(self, low: int, high: int, order: str) -> Rows:
        try:
            yield from self._execute(self._select + order, (low, high))
        except sqlite3.Error:
            self.failed += 1
