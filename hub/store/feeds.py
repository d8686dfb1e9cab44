"""Feeds: stored rows in the order of their commit, for what delivers each of them to somebody else.

A consumer keeps its position in a feed, a sequence number, in the database (`Positions`). So nothing is queued twice:
the stored rows are the queue, it survives what they survive, and ingestion does nothing for it. A row is delivered at
least once: after a crash those behind the stored position are delivered again, and receivers tell them by their id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Integer, Table, Text, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from hub.runtime.offload import offload
from hub.store.backend import Backend, Row
from hub.store.reader import Reader
from hub.store.statements import upsert
from hub.store.tables import Model, table_of
from hub.store.transaction import Transaction


class FeedPosition(Model):
    """How far a consumer has come in a feed: the sequence number of the last row that it has delivered."""

    __tablename__ = "feed_positions"

    consumer: Mapped[str] = mapped_column(Text, primary_key=True)
    feed: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)


POSITIONS = table_of(FeedPosition)


@dataclass(frozen=True)
class FeedItem:
    """One row of a feed as others see it. `subject`: the camera, the station or the kind that it belongs to."""

    seq: int
    subject: str
    received_at: float  # epoch seconds
    body: dict[str, Any]


@dataclass(frozen=True)
class FeedPage:
    """Some items of a feed, and the sequence number that the next page begins after.

    `full`: it has as many rows as were asked for, or as many as fit; there may be more.
    """

    items: list[FeedItem]
    end: int
    full: bool = False


class Feed(Protocol):
    """Rows of one kind. Its methods wait for the database and do not block the event loop."""

    def newest(self) -> int:
        """The sequence number of the newest row, 0 without one. Raises DatabaseError or LaneBusy."""

    def after(self, seq: int, limit: int) -> FeedPage:
        """Up to `limit` items with a greater sequence number, in their order, without those that cannot be read."""


def newest_seq(reader: Reader, table: Table) -> int:
    """The greatest `seq` of a table, 0 where it is empty. Raises DatabaseError or LaneBusy."""
    rows = reader.all(select(func.max(table.columns.seq).label("newest")))
    return int(rows[0]["newest"] or 0)


class RowFeed:
    """The feed of a table with the column `seq`. `show` makes an item of a readable row, on a native thread."""

    def __init__(self, reader: Reader, table: Table, show: Callable[[Row], FeedItem]) -> None:
        self._reader, self._table, self._show = reader, table, show

    def newest(self) -> int:
        """The sequence number of the newest row, 0 without one."""
        return newest_seq(self._reader, self._table)

    def after(self, seq: int, limit: int) -> FeedPage:
        """Up to `limit` items after `seq`; fewer where they are large."""
        column = self._table.columns.seq
        rows = self._reader.page(select(self._table).where(column > seq).order_by(column).limit(limit))
        if not rows:
            return FeedPage([], seq)
        items = offload(self._reader.unreadable.readable, rows, self._show, self._table)
        return FeedPage(items, int(rows[-1]["seq"]), rows.cut or len(rows) == limit)


class Positions:
    """The stored positions of consumers."""

    def __init__(self, backend: Backend, reader: Reader) -> None:
        self._reader = reader
        self._upsert = upsert(backend, POSITIONS)
        self._backend = backend

    def load(self, consumer: str) -> dict[str, int]:
        """The positions of a consumer by feed, without those that cannot be read."""
        rows = self._reader.unreadable.load(
            lambda: self._reader.all(select(POSITIONS).where(FeedPosition.consumer == consumer)),
            lambda row: (str(row["feed"]), int(row["seq"])),
            POSITIONS,
        )
        return dict(rows)

    def store(self, transaction: Transaction, consumer: str, positions: dict[str, int]) -> None:
        """Store positions of a consumer."""
        transaction.execute_many(
            self._upsert, [{"consumer": consumer, "feed": feed, "seq": seq} for feed, seq in positions.items()]
        )

    def remove(self, transaction: Transaction, consumer: str) -> None:
        """Remove every position of a consumer."""
        query = self._backend.compile(delete(POSITIONS).where(FeedPosition.consumer == consumer))
        transaction.execute(query.sql, query.params)
