"""Texts of the statements that every repository needs, compiled once for a backend. Values are given by column name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Table, Text, bindparam, false, func, literal_column

from hub.store.backend import Backend


def columns(table: Table) -> list[str]:
    """The columns of a row to insert: all but the generated key."""
    return [column.name for column in table.columns if column is not table.autoincrement_column]


def insert(backend: Backend, table: Table) -> str:
    """INSERT of a row."""
    return backend.compile(backend.insert(table), columns(table)).sql


def insert_or_ignore(backend: Backend, table: Table, key: Sequence[str]) -> str:
    """INSERT of a row, which does nothing where one with the same `key` exists."""
    statement = backend.insert(table).on_conflict_do_nothing(index_elements=key)
    return backend.compile(statement, columns(table)).sql


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column of texts, numbers or booleans that is never NULL, in a form that keeps a database from its index.

    For conditions beside one that finds fewer rows, or that gives them in their order.
    """
    if isinstance(column.type, Boolean):
        return func.coalesce(column, false())
    return func.coalesce(column, literal_column("''" if isinstance(column.type, Text) else "0"))


def within(column: ColumnElement[Any], since: float | None, until: float | None) -> list[ColumnElement[bool]]:
    """The conditions that a column lies in a range of times, both ends included; None is an open end."""
    found = [] if since is None else [column >= since]
    if until is not None:
        found.append(column <= until)
    return found


def upsert(
    backend: Backend,
    table: Table,
    keep: Sequence[str] = (),
    where: Callable[[Any], ColumnElement[bool]] | None = None,
    rows: int = 1,
) -> str:
    """INSERT of a row, or UPDATE of the row with the same primary key.

    keep: columns that an update leaves as they are. where: whether a row is updated, given the columns of the new one.
    rows: how many are stored by the one statement, whose values are `numbered`.
    """
    statement = backend.insert(table)
    if rows > 1:
        statement = statement.values(
            [{name: bindparam(f"{name}{row}") for name in columns(table)} for row in range(rows)]
        )
    changed = [column.name for column in table.columns if not column.primary_key and column.name not in keep]
    statement = statement.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key],
        set_={name: statement.excluded[name] for name in changed},
        where=where(statement.excluded) if where is not None else None,
    )
    return backend.compile(statement, columns(table) if rows == 1 else None).sql


def numbered(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The values of an `upsert` of several rows."""
    return {f"{name}{number}": value for number, row in enumerate(rows) for name, value in row.items()}
