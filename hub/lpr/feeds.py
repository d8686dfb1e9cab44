"""The detections in the order of their commit, for deliveries and for alerts."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import select

from hub.contract.alerts import AlertKind, Notable
from hub.contract.times import utc_text
from hub.live.links import LOOPBACK
from hub.lpr.records import RECORDS, Records
from hub.lpr.tables import LprRecord
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.feeds import FeedItem, FeedPage, newest_seq
from hub.store.reader import Reader

LISTED = '%"watchlist":[{%'  # in a body; a text of a sender has its quotes escaped
WATCHED = (LprRecord.seq, LprRecord.id, LprRecord.camera_id, LprRecord.checkpoint_id, LprRecord.occurred_at)


class DetectionFeed:
    """Every detection, as /api/records shows it. Implements `hub.store.feeds.Feed`."""

    def __init__(self, reader: Reader, records: Records) -> None:
        self._reader, self._records = reader, records

    def newest(self) -> int:
        """The sequence number of the newest detection, 0 without one."""
        return newest_seq(self._reader, RECORDS)

    def after(self, seq: int, limit: int) -> FeedPage:
        """Up to `limit` detections after `seq`; fewer where they are large."""
        rows = self._reader.page(select(RECORDS).where(LprRecord.seq > seq).order_by(LprRecord.seq).limit(limit))
        if not rows:
            return FeedPage([], seq)
        items = [self._item(row) for row in self._records.read(rows)]
        return FeedPage(items, int(rows[-1]["seq"]), rows.cut or len(rows) == limit)

    def _item(self, row: dict[str, Any]) -> FeedItem:
        body = {"id": row["id"], **self._records.public(row, LOOPBACK)}
        return FeedItem(row["seq"], row["camera_id"], row["received_at"], body)


class WatchlistHits:
    """Detections of plates that were on the watchlist. Implements `hub.contract.alerts.NotableRecords`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def newest(self) -> int:
        """The sequence number of the newest detection, 0 without one."""
        return newest_seq(self._reader, RECORDS)

    def notable(self, after: int, until: int) -> list[Notable]:
        """A hit for each entry that matched."""
        rows = self._reader.all(
            select(*WATCHED, LprRecord.body)
            .where(LprRecord.seq > after, LprRecord.seq <= until, LprRecord.body.like(LISTED))
            .order_by(LprRecord.seq)
        )
        if not rows:
            return []
        found: list[list[Notable]] = offload(self._reader.unreadable.readable, rows, _hits, RECORDS)
        return [hit for hits in found for hit in hits]


def _hits(row: Row) -> list[Notable]:
    return [_hit(row, match) for match in orjson.loads(row["body"])["watchlist"]]


def _hit(row: Row, match: dict[str, Any]) -> Notable:
    camera, plate = str(row["camera_id"]), str(match["plate"])
    stop = match["action"] == "deny"
    reason = f" ({match['reason']})" if match.get("reason") else ""
    sentence = (
        f"The plate {plate}, which is to be {'stopped' if stop else 'let in'}{reason}, was read by the camera {camera}."
    )
    details = {
        "action": match["action"],
        "plate": plate,
        "read": match.get("read", ""),
        "exact": match.get("exact", False),
        "reason": match.get("reason", ""),
        "note": match.get("note", ""),
        "entry_id": match.get("entry_id", ""),
        "camera_id": camera,
        "checkpoint_id": row["checkpoint_id"],
        "detection_id": row["id"],
        "occurred_at": utc_text(row["occurred_at"]),
    }
    return Notable(AlertKind.WATCHLIST_HIT, f"{plate} at {camera}", sentence, details)
