"""What readers ask for: filters of records and health reports, and their conditions in SQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table


@dataclass(frozen=True)
class Query:
    """Which records: None is any. Times are epoch seconds of the event; `before` is a sequence number (the cursor)."""

    limit: int = 20
    before: int | None = None
    camera: str | None = None
    checkpoint: str | None = None
    plate: str | None = None  # with a `*` at its end: a prefix
    component: str | None = None  # of health reports only
    since: float | None = None
    until: float | None = None

    @property
    def may_scan(self) -> bool:
        """Whether no index gives the matching rows in their order: they are searched for."""
        filters = (self.camera, self.checkpoint, self.plate, self.component, self.since, self.until)
        several = sum(each is not None for each in filters) > 1
        timed = self.since is not None or self.until is not None
        return several or timed or self.component is not None or (self.plate or "").rstrip().endswith("*")


def event_conditions(table: Table, query: Query) -> list[ColumnElement[bool]]:
    """The conditions that records and health reports share: camera, checkpoint and time of the event."""
    columns = table.columns
    conditions: list[ColumnElement[bool]] = []
    if query.camera is not None:
        conditions.append(columns.camera_id == query.camera)
    if query.checkpoint is not None:
        conditions.append(columns.checkpoint_id == query.checkpoint)
    if query.since is not None:
        conditions.append(columns.occurred_at >= query.since)
    if query.until is not None:
        conditions.append(columns.occurred_at <= query.until)
    return conditions
