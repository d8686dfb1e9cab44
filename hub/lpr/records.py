"""Stored camera records as readers see them: pages, exact totals, pictures as links or bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import orjson
from sqlalchemy import select

from hub.contract.errors import NotFound
from hub.contract.paging import json_size
from hub.contract.times import local_text, utc_text
from hub.live.links import LOOPBACK, Links
from hub.lpr.picture_texts import PictureText
from hub.lpr.repository.query import Query
from hub.lpr.repository.repositories import Repositories
from hub.lpr.tables import LprHealth, LprPlate, LprRecord
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.tables import table_of

RECORDS, PLATES, HEALTH = table_of(LprRecord), table_of(LprPlate), table_of(LprHealth)
WAS_READ = select(PLATES.columns.record_seq).where(PLATES.columns.record_seq == RECORDS.columns.seq).exists()
"""Whether a record has a plate with a text; `plates_count` counts the boxes of plates that were not read, too."""
NOT_READ = {"text": "", "plate": "", "confidence": None, "box": None}
"""The plate of a record without one that somebody has read in its picture."""
PICTURE_FIELDS = ("original_image", "annotated_image", "image")


class Records:
    """The stored records."""

    def __init__(self, repositories: Repositories, links: Links, zone: tzinfo | None) -> None:
        self._repository, self._health = repositories.records, repositories.health
        self._links, self._zone = links, zone

    def find(self, query: Query) -> tuple[list[dict[str, Any]], int | None, tuple[int, bool]]:
        """The newest records that match, oldest first (docs/wire/lpr.md 4.1).

        With the cursor of the older ones, None at the end, and how many match in all, and whether that is exact.
        """
        rows, following = self.page(query)
        return rows[::-1], following, self._repository.count(query)

    def page(self, query: Query) -> tuple[list[dict[str, Any]], int | None]:
        """The records that match, newest first, and the cursor of the older ones."""
        found = self._repository.page(query)
        rows, following = offload(self._repository.unreadable.page, found, query.limit, self._read, RECORDS)
        self._add_plates(rows)
        self._add_corrected(rows)
        return rows, following

    def get(self, record_id: str) -> dict[str, Any]:
        """One record by its id. Raises NotFound."""
        found = self._repository.get(record_id)
        if found is None:
            raise NotFound(f"There is no record with the id {record_id[:80]}.")
        row = self._repository.unreadable.one(found, self._read, RECORDS)
        self._add_plates([row])
        self._add_corrected([row])
        return row

    def read(self, found: Sequence[Row]) -> list[dict[str, Any]]:
        """Stored rows with body and plates, in their order, without those that cannot be read."""
        rows = offload(self._repository.unreadable.readable, found, self._read, RECORDS)
        self._add_plates(rows)
        return rows

    def _read(self, row: Row) -> dict[str, Any]:
        """A row with its body decoded, once it is certain that it can be shown."""
        read = {**dict(row), "body": orjson.loads(row["body"]), "plates": []}
        del read["event_key"]
        read["body"]["unread"].get("")  # of images=base64
        self.public(read, LOOPBACK)
        return read

    def _add_plates(self, rows: list[dict[str, Any]]) -> None:
        by_seq: dict[int, dict[str, Any]] = {row["seq"]: row for row in rows}
        if rows:
            for seq, plate in self._repository.unreadable.readable(
                self._repository.plates(by_seq), _shown_plate, PLATES
            ):
                by_seq[seq]["plates"].append(plate)

    def _add_corrected(self, rows: list[dict[str, Any]]) -> None:
        corrected = self._repository.corrected(row["seq"] for row in rows)
        for row in rows:
            if not row["plates"] and (row["seq"], 0) in corrected:
                row["plates"].append(dict(NOT_READ))
            for position, plate in enumerate(row["plates"]):
                plate["corrected"] = corrected.get((row["seq"], position))

    def links(self, pictures: dict[str, Any], host: str) -> dict[str, Any]:
        """Picture names as addresses for a reader that knows the hub as `host`; "" for bytes that are not a picture."""

        def link(name: str) -> str:
            return "" if name.endswith(".bin") else self._links.picture(name, host)

        return {
            field: [link(name) for name in value] if isinstance(value, list) else link(value)
            for field, value in pictures.items()
        }

    def public(self, row: dict[str, Any], host: str, with_bytes: bool = False) -> dict[str, Any]:
        """A record of `find` or `get` as every reader sees it.

        with_bytes: each picture is a `PictureText`, to be sent by `record_pieces`.
        """
        body = row["body"]
        shown = {
            "detection_id": row["id"],
            "event_id": row["event_id"] or None,
            "type": "detection_result",
            "camera_id": row["camera_id"],
            "checkpoint_id": row["checkpoint_id"],
            "timestamp": row["timestamp"] or local_text(row["occurred_at"], self._zone),
            "created_at": row["created_at"] or None,
            "occurred_at": utc_text(row["occurred_at"]),
            "received_at": utc_text(row["received_at"]),
            "vehicles_count": row["vehicles_count"],
            "plates_count": row["plates_count"],
            "ocr_results": body["ocr_results"],
            "vehicle_detections": body["vehicle_detections"],
            "plate_detections": body["plate_detections"],
            "processing_time_ms": body["processing_time_ms"],
            "plates": row["plates"],
            **body["place"],
        }
        pictures = body["pictures"]
        values = self._sent(pictures, body["unread"]) if with_bytes else self.links(pictures, host)
        for field in PICTURE_FIELDS:
            if field in values or field != "image":
                shown[field] = values.get(field) or None
        shown["cropped_plates"] = values.get("cropped_plates", [])
        shown["protected"] = bool(row["protected"])
        shown["warnings"], shown["watchlist"], shown["door"] = body["warnings"], body["watchlist"], body["door"]
        return shown

    def _sent(self, pictures: dict[str, Any], undecodable: dict[str, Any]) -> dict[str, Any]:
        """The pictures to be sent, among them the texts that were sent as pictures and could not be decoded."""
        sent: dict[str, Any] = {
            field: [PictureText(name) for name in value] if isinstance(value, list) else PictureText(value)
            for field, value in pictures.items()
        }
        for field in PICTURE_FIELDS:
            if field not in sent and isinstance(undecodable.get(field), str):
                sent[field] = undecodable[field]
        crops = list(sent.get("cropped_plates", []))
        for index in range(50):
            if isinstance(raw := undecodable.get(f"cropped_plates[{index}]"), str):
                crops.insert(index, raw)
        sent["cropped_plates"] = crops
        return sent

    def health(self, query: Query) -> tuple[list[dict[str, Any]], int | None]:
        """Health reports, newest first, and the cursor of the older ones."""
        rows = self._health.page(query)
        return offload(self._health.unreadable.page, rows, query.limit, self._public_health, HEALTH)

    def _public_health(self, row: Row) -> dict[str, Any]:
        return {
            "health_id": row["id"],
            "event_id": row["event_id"] or None,
            "type": "health_check",
            "camera_id": row["camera_id"],
            "checkpoint_id": row["checkpoint_id"],
            "component": row["component"],
            "status": row["status"],
            "raw_status": row["raw_status"],
            "message": row["message"],
            "details": orjson.loads(row["details"]),
            "timestamp": row["timestamp"] or local_text(row["occurred_at"], self._zone),
            "created_at": row["created_at"] or None,
            "occurred_at": utc_text(row["occurred_at"]),
            "received_at": utc_text(row["received_at"]),
            "warnings": orjson.loads(row["warnings"]),
        }


def _shown_plate(plate: Row) -> tuple[int, dict[str, Any]]:
    """A plate as shown, with the sequence number of its record."""
    shown = {
        "text": plate["text"],
        "plate": plate["plate"],
        "confidence": plate["confidence"],
        "box": orjson.loads(plate["box"]) if plate["box"] else None,
    }
    json_size(shown)
    return plate["record_seq"], shown
