"""Captures as a part of the list of everything. Implements `hub.contract.entries.EntrySource`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from hub.contract.day_counts import CountedRecords
from hub.contract.entries import Day, EntryPage, Position, Wanted, readable_page
from hub.station.repository import Query
from hub.station.service import Captures
from hub.station.tables import Capture
from hub.store.days import count_day, during, most_frequent
from hub.store.reader import Reader

PICTURES = ("primary_image_url", "secondary_image_url", "label_image_url")


class CaptureEntries:
    """The captures, newest first by when they happened."""

    kind = "capture"

    def __init__(self, captures: Captures, reader: Reader, counted: CountedRecords) -> None:
        self._captures, self._reader, self._counted = captures, reader, counted

    def queries(self, wanted: Wanted) -> list[Query]:
        """One query, or two where a text may be the number or the tag."""
        of_others = (wanted.camera, wanted.checkpoint, wanted.plate)
        if wanted.kind not in (None, self.kind) or any(each is not None for each in of_others):
            return []
        query = Query(
            tag=wanted.tag,
            number=wanted.number,
            station=wanted.station,
            success=wanted.success,
            unread=wanted.unread,
            corrected=wanted.corrected,
            since=wanted.since,
            until=wanted.until,
            order_by_time=True,
        )
        if wanted.unread and (wanted.success or wanted.corrected):
            return []
        if wanted.text is None:
            return [query]
        return [replace(query, number=wanted.text), replace(query, tag=wanted.text)]

    def page(self, query: Query, below: Position | None, limit: int) -> EntryPage:
        """Up to `limit` captures that are older than `below`."""
        return readable_page(self._captures.find, replace(query, limit=limit, below=below), "captured_at")

    def get(self, record_id: str) -> dict[str, Any]:
        return self._captures.get(record_id)

    def show(self, row: dict[str, Any], host: str) -> dict[str, Any]:
        return self._captures.shown(row, host)

    def cells(self, shown: dict[str, Any]) -> dict[str, str]:
        return {
            "station": shown["station"],
            "tag": shown["tag"],
            "tags": "; ".join(map(str, shown["tags"])),
            "number": shown["number"],
            "corrected_number": shown.get("corrected_number") or "",
            "read": "yes" if shown["success"] else "no",
            "message": shown["message"],
            "errors": "; ".join(map(str, shown["errors"])),
            "attempts": str(shown["attempts"]),
            "protected": "yes" if shown["protected"] else "",
            "pictures": " ".join(shown[name] for name in PICTURES if shown[name]),
            "id": shown["id"],
        }

    def day(self, hours: Sequence[float], most: int) -> Day:
        """Captures by the hour, and the tags that came most often."""
        at = Capture.captured_at
        day = count_day(self._counted, hours)
        tags = select().where(*during(at, hours), Capture.tag != "").group_by(Capture.tag)
        day.frequent = most_frequent(self._reader, Capture.tag, tags, most)
        return day
