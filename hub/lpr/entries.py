"""Detections as a part of the list of everything. Implements `hub.contract.entries.EntrySource`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from hub.contract.day_counts import CountedRecords
from hub.contract.entries import Day, EntryPage, Position, Wanted, readable_page
from hub.lpr.records import PICTURE_FIELDS, Records
from hub.lpr.repository.query import Query
from hub.lpr.tables import LprPlate, LprRecord
from hub.store.days import count_day, during, most_frequent
from hub.store.reader import Reader
from hub.store.tables import table_of


class DetectionEntries:
    """The detections, newest first by when they happened."""

    kind = "detection"

    def __init__(self, records: Records, reader: Reader, counted: CountedRecords) -> None:
        self._records, self._reader, self._counted = records, reader, counted

    def queries(self, wanted: Wanted) -> list[Query]:
        """One query: a text can only be the plate."""
        of_others = (wanted.station, wanted.number, wanted.tag, wanted.success)
        if wanted.kind not in (None, self.kind) or any(each is not None for each in of_others):
            return []
        if wanted.unread and wanted.corrected:
            return []
        query = Query(
            camera=wanted.camera,
            checkpoint=wanted.checkpoint,
            plate=wanted.plate if wanted.text is None else wanted.text,
            since=wanted.since,
            until=wanted.until,
            unread=wanted.unread,
            corrected=wanted.corrected,
            order_by_time=True,
        )
        return [query]

    def page(self, query: Query, below: Position | None, limit: int) -> EntryPage:
        """Up to `limit` detections that are older than `below`."""
        return readable_page(self._records.page, replace(query, limit=limit, below=below), "occurred_at")

    def get(self, record_id: str) -> dict[str, Any]:
        return self._records.get(record_id)

    def show(self, row: dict[str, Any], host: str) -> dict[str, Any]:
        return self._records.public(row, host)

    def cells(self, shown: dict[str, Any]) -> dict[str, str]:
        plates = shown["plates"]
        best = max((plate["confidence"] or 0.0 for plate in plates), default=0.0)
        listed = [f"{match.get('action', '')} {match.get('plate', '')}" for match in shown["watchlist"]]
        pictures = [shown.get(field) for field in PICTURE_FIELDS] + shown["cropped_plates"]
        return {
            "camera": shown["camera_id"],
            "checkpoint": shown["checkpoint_id"],
            "plates": "; ".join(plate["text"] for plate in plates if plate["text"]),
            "corrected_plates": "; ".join(plate["corrected"] for plate in plates if plate.get("corrected")),
            "read": "yes" if any(plate["text"] for plate in plates) else "no",
            "confidence": f"{best:.2f}" if best else "",
            "watchlist": "; ".join(listed),
            "protected": "yes" if shown["protected"] else "",
            "pictures": " ".join(link for link in pictures if link),
            "id": shown["detection_id"],
        }

    def day(self, hours: Sequence[float], most: int) -> Day:
        """Detections by the hour, and the plates that came most often."""
        at = LprRecord.occurred_at
        day = count_day(self._counted, hours)
        plates = select().select_from(table_of(LprPlate)).join(LprRecord, LprRecord.seq == LprPlate.record_seq)
        plates = plates.where(*during(at, hours), LprPlate.plate != "").group_by(LprPlate.plate)
        day.frequent = most_frequent(self._reader, func.max(LprPlate.text), plates, most)
        return day
