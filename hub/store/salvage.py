"""Stored rows that cannot be read: each is left out, counted by table, named once in the log and kept.

What lies in the database may have been written by an older hub, another program or a failing disk. Every repository
and service reads rows through here, so that one of them stops neither the start nor a list.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import Boolean, Float, Integer, LargeBinary, Table, Text

from hub.contract.errors import NotFound
from hub.contract.paging import MAX_PAGE_BYTES, json_size
from hub.store.backend import Row
from hub.store.errors import DatabaseError

log = logging.getLogger(__name__)

T = TypeVar("T")

FILE_NAME = "unreadable_rows.jsonl"
MAX_FILE_BYTES = 8_000_000
MAX_KEYS = 10_000  # rows that are counted once each, by table
MAX_LOGGED = 20  # rows that the log names, by table
MAX_REASON = 200
READ_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, RecursionError)
TYPES: tuple[tuple[type[Any], tuple[type, ...]], ...] = (
    (Boolean, (int,)),
    (Float, (int, float)),
    (Integer, (int,)),
    (LargeBinary, (bytes,)),
    (Text, (str,)),
)


class Rows(list[Row]):
    """Rows of a page; `cut`: there are more, which were not read since these are many bytes already."""

    cut = False


class UnreadableRows:
    """Reads rows one by one, and remembers those that cannot be read."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where copies are kept of rows that newer ones of the same name may replace."""
        self._path = folder / FILE_NAME if folder is not None else None
        self._keys: dict[str, set[str]] = {}
        self._tables: dict[str, str] = {}  # tables that cannot be read at all, and why
        self._copied: set[bytes] | None = None

    def readable(self, rows: Iterable[Row], function: Callable[[Row], T], table: Table, keep: bool = False) -> list[T]:
        """What `function` makes of each row; rows that it or the table's types refuse are left out.

        keep: copy them to a file, for tables whose rows are replaced.
        """
        made = []
        for row in rows:
            try:
                check_types(row, table)
                value = function(row)
            except READ_ERRORS as error:
                self._note(row, table, error)
                if keep:
                    self._copy(row, table)
                continue
            made.append(value)
        return made

    def fetch(self, fetch: Callable[[], list[Row]], table: Table) -> list[Row]:
        """The rows of a table at the start; none where the database cannot read the table."""
        try:
            return fetch()
        except DatabaseError as error:
            self._tables[str(table.name)] = str(error)[:MAX_REASON]
            log.error("The table %s cannot be read: %s", table.name, error)
            return []

    def load(self, fetch: Callable[[], list[Row]], function: Callable[[Row], T], table: Table) -> list[T]:
        """What `function` makes of the rows of a table at the start, without those that cannot be read."""
        return self.readable(self.fetch(fetch, table), function, table, keep=True)

    def one(self, row: Row, function: Callable[[Row], T], table: Table) -> T:
        """What `function` makes of a row. Raises NotFound where it cannot be read."""
        made = self.readable([row], function, table)
        if not made:
            raise NotFound("It is stored, but its row cannot be read. It is kept; /status and the hub's log say more.")
        return made[0]

    def page(
        self, rows: Sequence[Row], limit: int, function: Callable[[Row], dict[str, Any]], table: Table
    ) -> tuple[list[dict[str, Any]], int | None]:
        """A page of what `function` makes of rows (with the column seq), and the cursor of the next one.

        It ends after `limit` rows or when its JSON passes MAX_PAGE_BYTES.
        """
        shown: list[dict[str, Any]] = []
        size, last = 0, None

        def read(row: Row) -> tuple[dict[str, Any], int]:
            value = function(row)
            return value, json_size(value)

        for row in rows[:limit]:
            for value, more in self.readable([row], read, table):
                size += more
                if shown and size > MAX_PAGE_BYTES:
                    return shown, last
                shown.append(value)
            last = row["seq"]
        return shown, last if len(rows) > limit or getattr(rows, "cut", False) else None

    def _note(self, row: Row, table: Table, error: Exception) -> None:
        key = ", ".join(str(row[column.name])[:80] for column in table.primary_key if column.name in row.keys())
        keys = self._keys.setdefault(str(table.name), set())
        if key in keys or len(keys) >= MAX_KEYS:
            return
        keys.add(key)
        if len(keys) <= MAX_LOGGED:
            reason = f"{type(error).__name__}: {error}".partition("\n")[0][:MAX_REASON]
            log.warning("The row %s of %s cannot be read and is left out: %s", key, table.name, reason)
        if len(keys) == MAX_LOGGED:
            log.warning("Further rows of %s that cannot be read are counted and not named.", table.name)

    def _copy(self, row: Row, table: Table) -> None:
        """Append a row to the file of unreadable rows, once."""
        if self._path is None:
            return
        text = orjson.dumps({"table": str(table.name), "row": dict(row)}, default=_bytes_text) + b"\n"
        try:
            if self._copied is None:
                lines = self._path.read_bytes().splitlines(True) if self._path.exists() else []
                self._copied = {_digest(line) for line in lines}
            if _digest(text) in self._copied:
                return
            if (self._path.stat().st_size if self._path.exists() else 0) + len(text) > MAX_FILE_BYTES:
                return
            with self._path.open("ab") as file:
                file.write(text)
            self._copied.add(_digest(text))
        except OSError as error:
            log.warning("A row that cannot be read was not copied to %s: %s", self._path, error)

    def counts(self) -> dict[str, int]:
        """How many rows of each table could not be read."""
        return {table: len(keys) for table, keys in self._keys.items()}

    def warnings(self) -> list[str]:
        """Sentences for the operator."""
        texts = [
            f"{count} stored {'row' if count == 1 else 'rows'} of {table} cannot be read and "
            f"{'is' if count == 1 else 'are'} left out; nothing was deleted. The log says which and why. Everything "
            "else works; to have them back, mend them in hub.db or put a copy of the instance folder in its place."
            for table, count in self.counts().items()
        ]
        texts += [
            f"The table {table} cannot be read ({reason}); the hub runs without what is in it. Stop the hub, and put a "
            "copy of the instance folder in its place or have hub.db repaired."
            for table, reason in self._tables.items()
        ]
        return texts


def stored_list(text: Any) -> list[Any]:
    """The list that a JSON column holds, empty where it cannot be read; for what a sender is told again."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return []
    return value if isinstance(value, list) else []


def check_types(row: Row, table: Table) -> None:
    """Raise ValueError for a column with a value that is not of its declared type."""
    names = row.keys()
    checks = _checks(table)
    for name in names:
        types, nullable = checks[name]
        value = row[name]
        kind = type(value)
        if kind not in types and not (value is None and nullable):
            raise ValueError(f"{name} is {kind.__name__}")
        if kind is float and not math.isfinite(value):
            raise ValueError(f"{name} is {value}")


@lru_cache(maxsize=64)
def _checks(table: Table) -> dict[str, tuple[tuple[type, ...], bool]]:
    """The Python types of each column, and whether it may be NULL."""
    return {
        str(column.name): (next(types for kind, types in TYPES if isinstance(column.type, kind)), bool(column.nullable))
        for column in table.columns
    }


def _bytes_text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()
