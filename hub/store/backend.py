"""The interface of a database: what writer, reader, repositories and migrations need of it.

SQLite is one implementation (`hub.store.sqlite`); another database is one more folder beside it. Statements are
SQLAlchemy Core expressions that a backend compiles to its own dialect; those that run per record are compiled once.
What only one database understands lives in a module of its own behind the same interface as the portable statements
(`hub.lpr.repository.sqlite_batches`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Select, Table
from sqlalchemy.sql.elements import ClauseElement

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    # Both have `excluded`, `on_conflict_do_nothing` and `on_conflict_do_update`.
    Insert = sqlite.Insert | postgresql.Insert


# corrupt: stored data is damaged; full: there is no room; unavailable: it may work later.
Fault = Literal["corrupt", "full", "unavailable", ""]


class Query(NamedTuple):
    """A compiled statement and the values that it was built with."""

    sql: str
    params: dict[str, Any]


class Row(Protocol):
    """A row of a result, by column name; `dict(row)` copies it."""

    def keys(self) -> Iterable[str]: ...

    def __getitem__(self, key: str, /) -> Any: ...


class Cursor(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def close(self) -> None: ...


class Connection(Protocol):
    """A connection of a native thread. Commits are explicit: `begin`, then `commit` or `rollback`."""

    lasting: bool  # False for one that reads what was stored when it was opened, and is not used again

    def execute(self, sql: str, params: Any = ..., /) -> Cursor: ...

    def executemany(self, sql: str, params: Iterable[Any], /) -> Cursor: ...

    def insert(self, sql: str, params: Any, /) -> int:
        """Insert one row; its generated key."""

    def begin(self) -> None:
        """Open a transaction that may write; waits for another writer."""

    def commit(self) -> None: ...

    def rollback(self) -> None:
        """Abandon the open transaction, if there is one."""

    def savepoint(self) -> None:
        """Open the part of a transaction that `rollback_to_savepoint` undoes; there is one at a time."""

    def rollback_to_savepoint(self) -> None: ...

    def release_savepoint(self) -> None: ...

    @property
    def broken(self) -> bool:
        """Whether the database or the network has ended it, so that it is of no use any more."""

    @property
    def timed_out(self) -> bool:
        """Whether a statement was interrupted at the limit of `limit_time`."""

    def limit_time(self, seconds: float | None) -> None:
        """Interrupt what runs for longer than `seconds` from now on; None removes the limit."""

    def close(self) -> None: ...


class Checker(Protocol):
    """A check of the stored data, once."""

    def check(self) -> list[str]:
        """What is damaged, as sentences; empty where nothing is, or where `stop` came first. On a native thread."""

    def stop(self) -> None:
        """End the check, from any thread; at any time, also before it and after it."""


class Backend(Protocol):
    """One kind of database, at one address."""

    name: str  # names the modules with statements that only this database understands: "sqlite", "postgresql"
    title: str  # short, for sentences to anybody: "hub.db"
    address: str  # for operators: the path, or the address without its password
    version: str  # what and which version of it: "SQLite 3.45.1"; without a number until the first connection
    in_folder: bool  # whether it lies in the instance folder, on the disk that the hub watches
    advice: str  # what an operator does where nothing can be stored; the beginning of a sentence
    errors: tuple[type[Exception], ...]  # everything that its driver raises
    outages: tuple[type[Exception], ...]  # those that mean that no record can be stored; others reject one record

    def connect(self) -> Connection:
        """A new connection. Raises one of `errors`."""

    def fault(self, error: Exception) -> Fault:
        """What is wrong with the database or its disk, where `error` says so; "" where a statement is at fault."""

    def checker(self) -> Checker:
        """A check of the file, not started."""

    def compile(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> Query:
        """A Core statement in the dialect. `columns`: those that an INSERT takes a value of, each by its name."""

    def insert(self, table: Table) -> Insert:
        """The dialect's INSERT, to which `on_conflict_do_nothing` or `on_conflict_do_update` can be added."""

    def replace(self, table: Table) -> str:
        """The text of an INSERT of a whole row that takes the place of the row with the same key."""

    def compile_ddl(self, element: Any) -> str:
        """The text of a CREATE TABLE, CREATE INDEX or column definition."""

    def part_ids(self, part: str) -> Select[Any] | None:
        """SELECT of the `id` of every row of `searched_values` that may contain the part, by an index.

        `part` has at least `hub.store.searched.INDEXED_PART` characters. None: there is no index of parts.
        """

    def texts_only(self, column: ColumnElement[str]) -> list[ColumnElement[bool]]:
        """The conditions that leave out what is no text, where the database lets another program write such into it."""

    def searched_index(self, sources: Mapping[str, tuple[str, str]], corrected: Collection[str]) -> list[str]:
        """The statements that index `searched_values` by parts and keep it up to date in the commit of the records.

        `sources`: field -> the table and the column of its values. `corrected`: the fields that corrections have.
        """

    def table_names(self, connection: Connection) -> set[str]:
        """The tables that exist."""

    def used_bytes(self, connection: Connection) -> int:
        """Bytes of the database, without what is free to be used again."""

    def revision(self, connection: Connection) -> int:
        """The schema revision that the database is stamped with; 0 for none."""

    def set_revision(self, connection: Connection, number: int) -> None:
        """Stamp the database with a schema revision, as a part of the open transaction."""
