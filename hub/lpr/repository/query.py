"""What readers ask for: filters of records and health reports, and their conditions in SQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause

from hub.contract.entries import Position
from hub.store.statements import unindexed, within


@dataclass(frozen=True)
class Query:
    """Which records: None is any. Times are epoch seconds of the event; `before` is a sequence number (the cursor)."""

    limit: int = 20
    before: int | None = None
    camera: str | None = None
    checkpoint: str | None = None
    plate: str | None = None  # with a `*` at its end: its beginning, at both ends: a part
    component: str | None = None  # of health reports only
    since: float | None = None
    until: float | None = None
    unread: bool = False  # records only: without a readable plate, and nobody has corrected them
    corrected: bool | None = None  # records only: whether somebody has corrected a plate
    order_by_time: bool = False  # without a range of times too
    below: Position | None = None  # with order_by_time: only what is older than this place

    @property
    def may_scan(self) -> bool:
        """Whether no index gives the matching rows in their order: they are searched for."""
        return (
            self.several
            or self.is_range
            or self.unread
            or self.corrected is not None
            or self.component is not None
            or (self.plate or "").rstrip().endswith("*")
        )

    @property
    def several(self) -> bool:
        """Whether there is more than one filter, or one and another order than its own."""
        filters = (self.camera, self.checkpoint, self.plate, self.component, self.since, self.until, self.corrected)
        return sum(each is not None for each in filters) + self.unread + (self.order_by_time and not self.is_range) > 1

    @property
    def by_time(self) -> bool:
        """Whether the newest by the time of the event come first, not by arrival."""
        return self.order_by_time or self.is_range

    @property
    def is_range(self) -> bool:
        """Whether a range of times is asked for."""
        return self.since is not None or self.until is not None


def event_conditions(
    table: FromClause, query: Query, by_index: bool = True, by_time: bool | None = None
) -> list[ColumnElement[bool]]:
    """The conditions that records and health reports share: camera, checkpoint and time of the event.

    by_index: False where another condition finds the rows, which these only filter. by_time: the same of the time
    alone, where it differs.
    """
    camera, checkpoint, occurred_at = (
        column if indexed else unindexed(column)
        for column, indexed in (
            (table.columns.camera_id, by_index),
            (table.columns.checkpoint_id, by_index),
            (table.columns.occurred_at, by_index if by_time is None else by_time),
        )
    )
    conditions: list[ColumnElement[bool]] = []
    if query.camera is not None:
        conditions.append(camera == query.camera)
    if query.checkpoint is not None:
        conditions.append(checkpoint == query.checkpoint)
    return conditions + within(occurred_at, query.since, query.until)
