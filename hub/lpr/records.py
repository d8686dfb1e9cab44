"""Finding camera records again: pages, exact totals, pictures as links or bytes."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, select

from hub.contract.errors import NotFound
from hub.contract.plates import normalise_plate
from hub.contract.times import local_text, utc_text
from hub.live.links import Links
from hub.lpr.tables import LprHealth, LprPlate, LprRecord, LprTally
from hub.store.database import Reader
from hub.store.packs import PackStore

PICTURE_FIELDS = ("original_image", "annotated_image", "image")
LAST = "\U0010ffff"


@dataclass(frozen=True)
class Query:
    """Which records: None is any. Times are epoch seconds of the event; `before` is a sequence number (the cursor)."""

    limit: int = 20
    before: int | None = None
    camera: str | None = None
    checkpoint: str | None = None
    plate: str | None = None  # a `*` at its end: what begins so
    component: str | None = None  # health only
    since: float | None = None
    until: float | None = None


class Records:
    """The stored records."""

    def __init__(self, reader: Reader, packs: PackStore, links: Links, zone: tzinfo | None) -> None:
        self._reader, self._packs, self._links, self._zone = reader, packs, links, zone

    def find(self, query: Query) -> tuple[list[dict[str, Any]], int | None, int]:
        """The newest records that match, oldest first (docs/wire/lpr.md 4.1); the cursor of the older ones; how many match in all."""
        conditions = self._conditions(query)
        statement = select(LprRecord.__table__).where(*conditions).order_by(LprRecord.seq.desc()).limit(query.limit + 1)
        plate = _plate(query)
        if plate is not None:
            found = select(LprPlate.record_seq).where(_matches(plate))
            if conditions or plate.endswith("*"):
                statement = statement.where(LprRecord.seq.in_(found))
            else:
                newest = found.distinct().order_by(LprPlate.record_seq.desc()).limit(query.limit + 1)
                newest = newest.where(LprPlate.record_seq < query.before) if query.before is not None else newest
                statement = statement.where(LprRecord.seq.in_(newest))
        if query.before is not None:
            statement = statement.where(LprRecord.seq < query.before)
        rows = [dict(row) for row in self._reader.all(statement)]
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        self._add_plates(rows)
        return rows[::-1], rows[-1]["seq"] if more else None, self._total(query, plate, conditions)

    def get(self, record_id: str) -> dict[str, Any]:
        """One record by its id. Raises ContractError (404)."""
        rows = [dict(row) for row in self._reader.all(select(LprRecord.__table__).where(LprRecord.id == record_id))]
        if not rows:
            raise NotFound(f"There is no record with the id {record_id[:80]}.")
        self._add_plates(rows)
        return rows[0]

    def _conditions(self, query: Query) -> list[ColumnElement[bool]]:
        made = []
        if query.camera is not None:
            made.append(LprRecord.camera_id == query.camera)
        if query.checkpoint is not None:
            made.append(LprRecord.checkpoint_id == query.checkpoint)
        if query.since is not None:
            made.append(LprRecord.occurred_at >= query.since)
        if query.until is not None:
            made.append(LprRecord.occurred_at <= query.until)
        return made

    def _total(self, query: Query, plate: str | None, conditions: list[ColumnElement[bool]]) -> int:
        """Exact. One filter alone is a tally; several are counted by an index."""
        single = None
        if not conditions and plate is None:
            single = ("detections", "")
        elif not conditions and plate is not None and not plate.endswith("*"):
            single = ("plate", plate)
        elif len(conditions) == 1 and plate is None and query.camera is not None:
            single = ("camera", query.camera)
        elif len(conditions) == 1 and plate is None and query.checkpoint is not None:
            single = ("checkpoint", query.checkpoint)
        if single is not None:
            rows = self._reader.all(select(LprTally.count).where(LprTally.kind == single[0], LprTally.key == single[1]))
            return rows[0]["count"] if rows else 0
        statement = select(func.count().label("count")).select_from(LprRecord.__table__).where(*conditions)
        if plate is not None:
            statement = statement.where(LprRecord.seq.in_(select(LprPlate.record_seq).where(_matches(plate))))
        return self._reader.all(statement)[0]["count"]

    def _add_plates(self, rows: list[dict[str, Any]]) -> None:
        by_seq: dict[int, dict[str, Any]] = {row["seq"]: row for row in rows}
        for row in rows:
            row["plates"] = []
        if not rows:
            return
        statement = (
            select(LprPlate.__table__)
            .where(LprPlate.record_seq.in_(list(by_seq)))
            .order_by(LprPlate.record_seq, LprPlate.position)
        )
        for plate in self._reader.all(statement):
            by_seq[plate["record_seq"]]["plates"].append(
                {
                    "text": plate["text"],
                    "plate": plate["plate"],
                    "confidence": plate["confidence"],
                    "box": orjson.loads(plate["box"]) if plate["box"] else None,
                }
            )

    def links(self, pictures: dict[str, Any], host: str) -> dict[str, Any]:
        """Picture names as addresses for a reader who knows the hub as `host`; bytes that are no picture have none."""

        def link(name: str) -> str:
            return "" if name.endswith(".bin") else self._links.picture(name, host)

        return {
            field: [link(name) for name in value] if isinstance(value, list) else link(value)
            for field, value in pictures.items()
        }

    def public(self, row: dict[str, Any], host: str, with_bytes: bool = False) -> dict[str, Any]:
        """A record as everybody sees it. `with_bytes`: pictures as base64 of the bytes as sent; then call it on a native thread."""
        body = orjson.loads(row["body"])
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
        shown["warnings"], shown["watchlist"], shown["door"] = body["warnings"], body["watchlist"], body["door"]
        return shown

    def _sent(self, pictures: dict[str, Any], unread: dict[str, Any]) -> dict[str, Any]:
        """What the sender sent as pictures, the texts that were none included."""

        def text(name: str) -> str | None:
            found = self._packs.read(name, raw=True)
            return base64.b64encode(found[0]).decode() if found else None

        sent = {
            field: [text(name) for name in value] if isinstance(value, list) else text(value)
            for field, value in pictures.items()
        }
        for field in PICTURE_FIELDS:
            if field not in sent and isinstance(unread.get(field), str):
                sent[field] = unread[field]
        crops = list(sent.get("cropped_plates", []))
        for index in range(50):
            if isinstance(raw := unread.get(f"cropped_plates[{index}]"), str):
                crops.insert(index, raw)
        sent["cropped_plates"] = crops
        return sent

    def health(self, query: Query) -> tuple[list[dict[str, Any]], int | None]:
        """Health reports, newest first, and the cursor of the older ones."""
        statement = select(LprHealth.__table__).order_by(LprHealth.seq.desc()).limit(query.limit + 1)
        for column, value in (
            (LprHealth.camera_id, query.camera),
            (LprHealth.checkpoint_id, query.checkpoint),
            (LprHealth.component, query.component),
        ):
            if value is not None:
                statement = statement.where(column == value)
        if query.since is not None:
            statement = statement.where(LprHealth.occurred_at >= query.since)
        if query.until is not None:
            statement = statement.where(LprHealth.occurred_at <= query.until)
        if query.before is not None:
            statement = statement.where(LprHealth.seq < query.before)
        rows = [dict(row) for row in self._reader.all(statement)]
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        return [self._public_health(row) for row in rows], rows[-1]["seq"] if more else None

    def _public_health(self, row: dict[str, Any]) -> dict[str, Any]:
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


def _plate(query: Query) -> str | None:
    if query.plate is None or not query.plate.strip():
        return None
    return normalise_plate(query.plate) + ("*" if query.plate.strip().endswith("*") else "")


def _matches(plate: str) -> ColumnElement[bool]:
    if plate.endswith("*"):
        return LprPlate.plate.between(plate[:-1], plate[:-1] + LAST)
    return LprPlate.plate == plate
