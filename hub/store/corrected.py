"""Corrections of what a device has read: the table, and the values that count now, for the kinds of records.

A correction belongs to one value of one record, such as the second plate of a detection. The newest one counts; what
was read stays in the record. `hub.corrections` makes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    exists,
    select,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.reader import Reader
from hub.store.tables import Model, table_of


class Correction(Model):
    """A correction. It is of a capture or of a detection, and goes with it.

    `field` and `position`: which value of the record. `read`: as the device read it; `before`: what counted until now;
    `value`: what counts from now on, "" for unreadable; `folded`: the same as it is searched. `newest`: no later one
    replaced it.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        Index("corrections_record", "record_id", "seq"),
        Index("corrections_capture", "capture_seq", "position"),
        Index("corrections_detection", "detection_seq", "position"),
        Index("corrections_value", "field", "newest", "folded", "capture_seq", "detection_seq"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Text, unique=True)
    capture_seq: Mapped[int | None] = mapped_column(ForeignKey("captures.seq", ondelete="CASCADE"))
    detection_seq: Mapped[int | None] = mapped_column(ForeignKey("lpr_records.seq", ondelete="CASCADE"))
    record_id: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)
    read: Mapped[str] = mapped_column(Text)
    before: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)
    newest: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    who_kind: Mapped[str] = mapped_column(Text)
    received_at: Mapped[float] = mapped_column(Float)


CORRECTIONS = table_of(Correction)
CAPTURE, DETECTION = CORRECTIONS.columns.capture_seq, CORRECTIONS.columns.detection_seq


def has_correction(column: Column[int], seq: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether somebody has corrected a record, as the condition that finds the rows."""
    return seq.in_(select(column).where(CORRECTIONS.columns.newest == true(), column.is_not(None)))


def without_correction(column: Column[int], seq: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether nobody has corrected a record, as a filter."""
    return ~exists(select(CORRECTIONS.columns.seq).where(column == seq))


@dataclass(frozen=True)
class RecordValues:
    """The values of a record that can be corrected, as they were read, in their order."""

    seq: int
    values: Sequence[str]


class Correctable(Protocol):
    """A kind of record with values that people may correct."""

    @property
    def field(self) -> str:
        """The name of the value: number, plate."""

    @property
    def table(self) -> Table:
        """The table of the records, with the key `seq`."""

    @property
    def column(self) -> Column[int]:
        """The column of corrections that names a record of this kind."""

    def find(self, record_id: str) -> RecordValues:
        """The values of a record. Raises NotFound."""

    def fold(self, value: str) -> str:
        """A value as it is searched; "" where nothing of it can be searched."""

    def pictures(self, seqs: Sequence[int]) -> Mapping[int, Sequence[Sequence[str]]]:
        """By record and position: the names of pictures that show the value, the closest first."""


class Corrected:
    """The values that count now. `any` is False while there is no correction at all, so that nothing looks for one."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.any = False

    def load(self) -> None:
        """Find out whether there are corrections."""
        some = select(CORRECTIONS.columns.seq).limit(1)
        self.any = bool(self._reader.unreadable.fetch(lambda: self._reader.all(some), CORRECTIONS))

    def current(self, column: Column[int], seqs: Iterable[int]) -> dict[tuple[int, int], str]:
        """The corrected values of records by sequence number and position."""
        wanted = list(seqs)
        if not self.any or not wanted:
            return {}
        values = select(column.label("record"), Correction.position, Correction.value)
        rows = self._reader.all(values.where(column.in_(wanted), Correction.newest == true()))

        # A damaged value is as good as none; the history of its record names it.
        return {(row["record"], row["position"]): row["value"] for row in rows if isinstance(row["value"], str)}
