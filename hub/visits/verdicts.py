"""The verdicts on visits in their order, for rules: each visit that is new or was judged otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import select

from hub.contract.visits import MISMATCH
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.feeds import FeedItem, FeedPage
from hub.store.reader import Reader
from hub.visits.messages import message_body, newest_message
from hub.visits.repository import MESSAGES, VISITS
from hub.visits.tables import VisitMessage


class VerdictFeed:
    """Verdicts among the messages about visits; an item has none of the other messages. Implements `Feed`.

    `mismatches`: those alone, `settle_seconds` after they were judged and where the visit still is one, since the rest
    of its evidence may have arrived meanwhile; otherwise all others, at once.
    """

    def __init__(
        self,
        reader: Reader,
        settle_seconds: float = 0.0,
        mismatches: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._reader, self._settle, self._mismatches, self._now = reader, settle_seconds, mismatches, now

    def newest(self) -> int:
        """The sequence number of the newest message that has settled, 0 without one."""
        return newest_message(self._reader, self._now() - self._settle if self._settle else None)

    def after(self, seq: int, limit: int) -> FeedPage:
        """The verdicts among up to `limit` messages after `seq`."""
        wanted = select(MESSAGES).where(VisitMessage.seq > seq)
        if self._settle:
            wanted = wanted.where(VisitMessage.seq <= self.newest())
        rows = self._reader.page(wanted.order_by(VisitMessage.seq).limit(limit))
        if not rows:
            return FeedPage([], seq)
        found = offload(self._reader.unreadable.readable, rows, _verdict, MESSAGES)
        items = [item for item in found if item is not None and self._is_wanted(item)]
        if self._mismatches and items:
            ids = {item.body["visit"]["id"] for item in items}
            still = select(VISITS.columns.id).where(VISITS.columns.id.in_(ids), VISITS.columns.state == MISMATCH)
            left = {row["id"] for row in self._reader.all(still)}
            items = [item for item in items if item.body["visit"]["id"] in left]
        return FeedPage(items, int(rows[-1]["seq"]), rows.cut or len(rows) == limit)

    def _is_wanted(self, item: FeedItem) -> bool:
        return (item.body["visit"]["state"] == MISMATCH) is self._mismatches


def _verdict(row: Row) -> FeedItem | None:
    """The message as an item; None where it says no other verdict than the one before it."""
    body = message_body(row)
    if body.get("before", body["visit"]["state"]) == body["visit"]["state"]:
        return None
    return FeedItem(row["seq"], row["checkpoint"], row["received_at"], body)
