"""Captures and detections as one list: what each kind hands over to `hub.entries`, and what may be asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

LAST_SEQ = 2**62  # after every sequence number


class Position(NamedTuple):
    """A place in a list that is sorted by time: epoch seconds of the event, then the sequence number."""

    time: float
    seq: int


@dataclass(frozen=True)
class Wanted:
    """Which entries: None is any. Texts may have a `*` at their beginning or end, which stands for anything.

    `text` is a number, a tag or a plate, and is given without any of these. A filter that a kind of record does not
    have leaves out all of that kind: station, number, tag and success are of captures, camera, checkpoint and plate of
    detections.
    """

    text: str | None = None
    number: str | None = None
    tag: str | None = None
    plate: str | None = None
    kind: str | None = None
    station: str | None = None
    camera: str | None = None
    checkpoint: str | None = None
    success: bool | None = None
    unread: bool = False  # those without a readable number or plate that nobody has corrected yet
    corrected: bool | None = None  # whether somebody has corrected a value
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class EntryPage:
    """Stored records newest first by when they happened, each with its place; `more`: there are older ones."""

    rows: list[tuple[Position, dict[str, Any]]]
    more: bool


@dataclass
class Day:
    """What happened in a range of time, by kind: records, those that were read, both by the hour, the most frequent."""

    count: int = 0
    read: int = 0
    by_hour: list[int] = field(default_factory=list)
    read_by_hour: list[int] = field(default_factory=list)
    frequent: list[tuple[str, int]] = field(default_factory=list)  # tags or plates, each with how often


class EntrySource(Protocol):
    """The stored records of one kind."""

    kind: str

    def queries(self, wanted: Wanted) -> list[Any]:
        """What to ask the kind for; an entry may match several. Empty where no record of this kind can match."""

    def page(self, query: Any, below: Position | None, limit: int) -> EntryPage:
        """Up to `limit` records that are older than `below`. Raises as `hub.store.reader.Reader.page`."""

    def get(self, record_id: str) -> dict[str, Any]:
        """One record by its id. Raises NotFound."""

    def show(self, row: dict[str, Any], host: str) -> dict[str, Any]:
        """A record as every reader sees it. On any thread."""

    def cells(self, shown: dict[str, Any]) -> dict[str, str]:
        """A shown record as cells of a table, by the names of `COLUMNS`; those without a value are left out."""

    def day(self, hours: Sequence[float], most: int) -> Day:
        """What happened between the first and the last of `hours`, which each end one and begin the next."""


COLUMNS = (
    "kind",
    "happened_at",
    "happened_at_utc",
    "received_at_utc",
    "station",
    "camera",
    "checkpoint",
    "tag",
    "tags",
    "number",
    "corrected_number",
    "plates",
    "corrected_plates",
    "read",
    "confidence",
    "message",
    "errors",
    "attempts",
    "watchlist",
    "protected",
    "pictures",
    "id",
)
"""Of a file with entries."""


def readable_page(find: Callable[[Any], tuple[list[dict[str, Any]], int | None]], query: Any, time: str) -> EntryPage:
    """The rows of a query with their places: of the next page where none of one can be read.

    find: a query to its rows, newest first, and the cursor of the older ones, which goes into the query's `before`.
    time: the key of the moment when a row happened.
    """
    while True:
        rows, following = find(query)
        if rows or following is None:
            return EntryPage([(Position(row[time], row["seq"]), row) for row in rows], following is not None)
        query = replace(query, before=following)
