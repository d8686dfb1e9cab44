"""Conditions that find the records with a value: by the whole of it, its beginning or a part; corrections count too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from hub.contract.entries import Position
from hub.store.corrected import CORRECTIONS, Corrected
from hub.store.reader import Reader
from hub.store.searched import How, PartIndex, Source, Wanted
from hub.store.statements import unindexed

MAX_VALUES = 3000  # different values that are looked up one by one
MAX_RECORDS = 5000  # records that are looked up before other conditions are applied


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: after a sequence number, or after a place in the order of time; None is the first page."""

    before: int | None = None
    below: Position | None = None

    def in_time(self, reader: Reader, moment: Column[Any], seq: Column[Any]) -> Cursor | None:
        """The same place in the order of time; None where the record that it follows has expired."""
        if self.before is None:
            return self
        last = reader.all(select(moment.label("moment"), seq.label("seq")).where(seq == self.before))
        return Cursor(below=Position(last[0]["moment"], last[0]["seq"])) if last else None

    def conditions(self, moment: ColumnElement[float], seq: ColumnElement[int]) -> list[ColumnElement[bool]]:
        """The conditions of a page in columns with the time and the sequence number of records."""
        found = [] if self.before is None else [seq < self.before]
        if self.below is not None:
            found.append(tuple_(moment, seq) < tuple_(*self.below))
        return found


@dataclass(frozen=True)
class Narrowing:
    """Further conditions in columns of a source, and the columns that order its rows, the newest first."""

    conditions: Sequence[ColumnElement[bool]]
    order: Sequence[Column[Any]]


class FieldSearch:
    """Searches one field of one kind of record."""

    def __init__(self, reader: Reader, parts: PartIndex, corrected: Corrected, source: Source) -> None:
        self._reader, self._parts, self._corrected, self._source = reader, parts, corrected, source

    def newest(
        self, wanted: Wanted, seq: ColumnElement[int], limit: int, before: int | None = None
    ) -> ColumnElement[bool]:
        """The condition of the `limit` newest records with the value (before one), where it is the only condition."""
        if wanted.how is How.WHOLE:
            own = self._ordered(wanted.matches(self._source.value), limit, before)
        elif self._has_few_values(wanted):
            own = self._newest_of_values(self._parts.values(self._source, wanted), limit, before)
        else:  # so many that some are among the newest records
            return self.holds(wanted, seq)
        return seq.in_(self._with_corrected(own, wanted, before, limit))

    def together(self, wanted: Wanted, seq: ColumnElement[int]) -> tuple[ColumnElement[bool], bool]:
        """The condition beside others, and whether it is the one that finds the rows, which others only filter."""
        if wanted.how is not How.WHOLE and self._are_many(wanted):
            return self.holds(wanted, seq), False
        return seq.in_(self.all(wanted)), True

    def narrowed(
        self, wanted: Wanted, inside: Narrowing, outside: Sequence[ColumnElement[bool]], limit: int | None = None
    ) -> Select[Any] | None:
        """SELECT of the records with the value that meet other conditions as well; None where too many have the value.

        inside: the conditions in columns of the source, whose index has them. outside: the same of the record of a
        correction. limit: only so many of the newest ones in the order of `inside` (and those that were corrected).
        """
        if wanted.how is not How.WHOLE and self._are_many(wanted):
            return None
        own = self._every(wanted).where(*inside.conditions)
        if limit is not None:
            # The index of one value gives its rows by arrival. For other orders no other index must be taken.
            whole = wanted.how is How.WHOLE
            order = [each if whole and each is self._source.seq else unindexed(each) for each in inside.order]
            first = own.add_columns(*order).distinct().order_by(*(each.desc() for each in order)).limit(limit)
            own = select(first.subquery().columns.seq)
        return self._with_corrected(own, wanted, also=outside)

    def holds(self, wanted: Wanted, seq: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether a record has the value."""
        source = self._source.value.table.alias()
        value, own = source.columns[self._source.value.name], source.columns[self._source.seq.name]
        found: ColumnElement[bool] = exists(select(literal_column("1")).where(own == seq, wanted.matches(value)))
        if self._corrections_count:
            column = self._source.correction
            assert column is not None
            now: Select[Any] = select(literal_column("1")).where(column == seq, CORRECTIONS.columns.newest == true())
            found = or_(found, exists(now.where(wanted.matches(CORRECTIONS.columns.folded))))
        return found

    def all(self, wanted: Wanted) -> Select[Any]:
        """SELECT of the sequence numbers of all records with the value; the same one may occur more than once."""
        return self._with_corrected(self._every(wanted), wanted)

    def corrected_only(self, wanted: Wanted) -> Select[Any] | None:
        """SELECT of the records that have the value by a correction alone; None where there are no corrections."""
        if not self._corrections_count:
            return None
        seq = self._corrections(wanted).subquery().columns.seq
        source = self._source.value.table.alias()
        value, own = source.columns[self._source.value.name], source.columns[self._source.seq.name]
        read = exists(select(literal_column("1")).where(own == seq, wanted.matches(value)))
        return select(seq).where(~read).distinct()

    @property
    def _corrections_count(self) -> bool:
        return self._source.correction is not None and self._corrected.any

    def _every(self, wanted: Wanted) -> Select[Any]:
        value, seq = self._source.value, self._source.seq
        if wanted.how is not How.PART or self._source.field not in self._parts.complete:
            return select(seq.label("seq")).where(wanted.matches(value))
        found = self._parts.values(self._source, wanted).subquery()
        return select(seq.label("seq")).select_from(found).join(value.table, value == found.columns.value)

    def _ordered(self, condition: ColumnElement[bool], limit: int, before: int | None) -> Select[Any]:
        """The newest different records of a condition, which an index gives in their order."""
        seq = self._source.seq
        found = select(seq.label("seq")).where(condition).distinct().order_by(seq.desc()).limit(limit)
        return found if before is None else found.where(seq < before)

    def _newest_of_values(self, values: Select[Any], limit: int, before: int | None) -> Select[Any]:
        """The newest records of some values.

        Each value has a newest record. The `limit` newest of those are among the records that match, so none that is
        older counts: no value with a million records is read to its end.
        """
        value, seq = self._source.value, self._source.seq
        each = values.subquery()
        last = select(func.max(seq)).where(value == each.columns.value)
        if before is not None:
            last = last.where(seq < before)
        newest = select(each.columns.value, last.scalar_subquery().label("newest")).cte("newest_of_values")
        some = select(newest.columns.newest).where(newest.columns.newest.is_not(None)).distinct()
        first = some.order_by(newest.columns.newest.desc()).limit(limit).subquery().columns.newest
        lowest = select(case((func.count(first) == limit, func.min(first)), else_=0)).scalar_subquery()
        wanted = select(newest.columns.value).where(newest.columns.newest >= lowest)
        return self._ordered(value.in_(wanted) & (seq >= lowest), limit, before)

    def _with_corrected(
        self,
        own: Select[Any],
        wanted: Wanted,
        before: int | None = None,
        limit: int | None = None,
        also: Sequence[ColumnElement[bool]] = (),
    ) -> Select[Any]:
        if not self._corrections_count:
            return own
        corrected = self._corrections(wanted).where(*also)
        seq = self._source.correction
        assert seq is not None
        if before is not None:
            corrected = corrected.where(seq < before)
        if limit is not None:
            corrected = corrected.distinct().order_by(seq.desc()).limit(limit)
        both = union_all(select(own.subquery().columns.seq), select(corrected.subquery().columns.seq))
        return select(both.subquery().columns.seq)

    def _corrections(self, wanted: Wanted) -> Select[Any]:
        columns, seq = CORRECTIONS.columns, self._source.correction
        assert seq is not None
        now = select(seq.label("seq")).where(columns.field == self._source.field, columns.newest == true())
        return now.where(wanted.matches(columns.folded), seq.is_not(None))

    def _has_few_values(self, wanted: Wanted) -> bool:
        return self._at_most(self._parts.values(self._source, wanted), MAX_VALUES)

    def _are_many(self, wanted: Wanted) -> bool:
        """Whether more records have the value than are looked up first."""
        return not self._at_most(self._every(wanted), MAX_RECORDS)

    def _at_most(self, some: Select[Any], most: int) -> bool:
        counted = select(func.count().label("count")).select_from(some.limit(most + 1).subquery())
        return int(self._reader.search(counted)[0]["count"]) <= most
