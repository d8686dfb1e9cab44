"""Values that can be searched by any part of them: each number, plate and tag once, and an index of their parts.

The database keeps both up to date itself, by triggers (revision 7), in the commit of the records. Records of older
versions are added after the start (`hub.store.searched_fill`); until that is done their tables are searched instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, Integer, Select, Text, UniqueConstraint, func, select, true
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.backend import Backend
from hub.store.reader import Reader
from hub.store.statements import unindexed
from hub.store.tables import Model, table_of

LAST = "\U0010ffff"  # sorts after every character of a value
INDEXED_PART = 3  # characters from which on the index finds a part


class SearchedValue(Model):
    """A number, plate or tag that some record or correction has, once."""

    __tablename__ = "searched_values"
    __table_args__ = (UniqueConstraint("field", "value"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    field: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)


class SearchedField(Model):
    """Whether all values of a field are among `searched_values`, and the last one that was added."""

    __tablename__ = "searched_fields"

    field: Mapped[str] = mapped_column(Text, primary_key=True)
    last: Mapped[str] = mapped_column(Text)
    complete: Mapped[bool] = mapped_column(Boolean)


VALUES, FIELDS = table_of(SearchedValue), table_of(SearchedField)


class How(Enum):
    """How much of a value is given."""

    WHOLE = "whole"
    BEGINNING = "beginning"
    PART = "part"


@dataclass(frozen=True)
class Wanted:
    """A value that is searched for."""

    text: str
    how: How

    @classmethod
    def of(cls, text: str, fold: Callable[[str], str] = str) -> Wanted:
        """`abc`: this value, `abc*`: its beginning, `*abc*`: a part of it; folded as stored values are."""
        if len(text) > 1 and text.startswith("*") and text.endswith("*"):
            part = fold(text[1:-1])
            return cls(part, How.PART if part else How.BEGINNING)
        if text.endswith("*"):
            return cls(fold(text[:-1]), How.BEGINNING)
        return cls(fold(text), How.WHOLE)

    def matches(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether a column has the value."""
        if self.how is How.PART:
            return func.instr(column, self.text) > 0
        if self.how is How.BEGINNING:
            return column.between(self.text, self.text + LAST)
        return column == self.text


@dataclass(frozen=True)
class Source:
    """Where the values of a field are: a table with an index of (value, seq).

    `correction`: the column of corrections that names its records; None where the field has none.
    """

    field: str
    value: Column[str]
    seq: Column[int]
    correction: Column[int] | None = None


class PartIndex:
    """The values of each field that match, by the index as far as it is complete."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._backend, self._reader = backend, reader
        self.complete: set[str] = set()

    def load(self) -> None:
        """Find out which fields are complete."""
        done = select(FIELDS.columns.field).where(FIELDS.columns.complete == true())
        rows = self._reader.unreadable.fetch(lambda: self._reader.all(done), FIELDS)
        self.complete = {str(row["field"]) for row in rows}

    def values(self, source: Source, wanted: Wanted) -> Select[Any]:
        """SELECT of the different values that match, in a column `value`."""
        if source.field not in self.complete:
            return select(source.value.label("value")).where(wanted.matches(source.value)).distinct()
        value, field = VALUES.columns.value, VALUES.columns.field
        ids = None
        if wanted.how is How.PART and len(wanted.text) >= INDEXED_PART:
            ids = self._backend.part_ids(wanted.text)
        if ids is None:
            return select(value).where(field == source.field, wanted.matches(value))
        found = ids.subquery()
        joined = select(value).select_from(found).join(VALUES, VALUES.columns.id == found.columns.id)
        return joined.where(unindexed(field) == source.field, wanted.matches(unindexed(value)))
