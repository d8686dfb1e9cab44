"""Weighbridge stations: takes capture results, stores each once, finds them again, knows each station's state."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import orjson
from sqlalchemy import func, insert, select

from hub.contract.errors import NotFound
from hub.contract.times import local_text, parse_time, utc_text
from hub.live.bus import Bus
from hub.live.events import CAPTURE_STORED, CaptureStored
from hub.live.links import Links
from hub.runtime.offload import offload
from hub.station.contract.capture import KINDS, Incoming, derived_event_id, extra_text
from hub.station.tables import Capture, CaptureTag
from hub.store.database import Reader, compiled
from hub.store.images import ImageStore
from hub.store.pictures import Picture, PictureError, examine
from hub.store.writer import Transaction, Writer

log = logging.getLogger(__name__)

COLUMNS = [column.name for column in Capture.__table__.columns if column.name != "seq"]
INSERT_CAPTURE = compiled(insert(Capture).values({name: None for name in COLUMNS}))[0]
INSERT_TAG = compiled(insert(CaptureTag).values(capture_seq=None, tag=None))[0]
FIND_EVENT = "SELECT * FROM captures WHERE station = :station AND event_id = :event_id"


@dataclass(frozen=True)
class Query:
    """Which captures: None is any. Times are epoch seconds; `before` is a sequence number (the cursor)."""

    limit: int = 50
    before: int | None = None
    tag: str | None = None
    number: str | None = None
    station: str | None = None
    success: bool | None = None
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True)
class Stored:
    """What became of a record: its row, and whether it had been stored before."""

    row: dict[str, Any]
    duplicate: bool


class Captures:
    """The station's service: three doors, one way through."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        images: ImageStore,
        links: Links,
        bus: Bus,
        zone: tzinfo | None = None,
        max_megapixels: int = 50,
    ) -> None:
        self._writer, self._reader, self._images, self._links, self._bus = writer, reader, images, links, bus
        self._zone = zone
        self._max_megapixels = max_megapixels
        self.in_flight = 0  # records taken and not answered yet

    def accept(self, incoming: Incoming, origin: object = None) -> Stored:
        """Store a capture result once; returns after it is durable, then everybody who listens is told. Raises StoreBusy.

        `origin`: the listener that the record came from, which is answered and need not be told again.
        """
        self.in_flight += 1
        try:
            stored = self._store_once(incoming)
        finally:
            self.in_flight -= 1
        if not stored.duplicate:
            row = stored.row
            log.info(
                "Capture %s of station '%s': tag %s, number %s.",
                row["id"],
                row["station"],
                row["tag"] or "-",
                row["number"] or "-",
            )
            self._bus.publish(CAPTURE_STORED, CaptureStored(row, origin, lambda host: self.public(row, host)))
        return stored

    def _store_once(self, incoming: Incoming) -> Stored:
        received = time.time()
        pictures = offload(self._examine, incoming)
        row = self._row(incoming, received)
        ids = [incoming.result.event_id] if incoming.result.event_id else derived_event_id(incoming, received)
        row["event_id"] = ids[0]

        def job(transaction: Transaction) -> Stored:
            for event_id in ids:
                before = transaction.one(FIND_EVENT, {"station": row["station"], "event_id": event_id})
                if before is not None:
                    return Stored(dict(before), True)
            self._store(transaction, row, incoming, pictures)
            return Stored(row, False)

        return self._writer.write(job, incoming.size)

    def _examine(self, incoming: Incoming) -> dict[str, Picture]:
        """On a native thread: decode every picture; one that is none stays raw and is named in the warnings."""
        pictures: dict[str, Picture] = {}
        for kind, data in incoming.pictures.items():
            try:
                pictures[kind] = examine(data, self._max_megapixels)
            except PictureError as error:
                incoming.warnings.append(f"The {kind} picture {error}; its bytes were kept but it is not shown.")
        return pictures

    def _row(self, incoming: Incoming, received: float) -> dict[str, Any]:
        result = incoming.result
        captured = (
            result.started_ts
            or result.finished_ts
            or parse_time(result.timestamp, self._zone)
            or parse_time(result.tag_timestamp_iso, self._zone)
        )
        if result.timestamp and parse_time(result.timestamp, self._zone) is None:
            incoming.warnings.append("timestamp is not a time that can be read; its text was kept")
        row: dict[str, Any] = result.model_dump(include=set(COLUMNS))
        row.update(
            id=str(uuid.uuid4()),
            received_at=received,
            captured_at=captured or received,
            timestamp=result.timestamp or local_text(captured or received, self._zone),
            tags=_json(result.tags),
            errors=_json(result.errors),
            warnings=_json(incoming.warnings),
            unread=extra_text(incoming.extra),
            **{
                f"{kind}_image": "" if kind in incoming.pictures else getattr(result, f"{kind}_image_url")
                for kind in KINDS
            },
        )
        return row

    def _store(
        self, transaction: Transaction, row: dict[str, Any], incoming: Incoming, pictures: dict[str, Picture]
    ) -> None:
        """On the writer's thread: picture files first, then the rows that name them."""
        milliseconds = int((incoming.result.started_ts or row["captured_at"]) * 1000)
        for kind, data in incoming.pictures.items():
            picture = pictures.get(kind)
            if picture is None:
                self._images.put_unread(data)
                continue
            path, new = self._images.put(row["tag"], kind, milliseconds, picture.suffix, data)
            if new:
                transaction.on_failure.append(lambda path=path: path.unlink(missing_ok=True))
            row[f"{kind}_image"] = path.name
        if incoming.pictures:
            transaction.before_commit["images"] = self._images.sync
        row["seq"] = transaction.execute(INSERT_CAPTURE, row).lastrowid
        for tag in orjson.loads(row["tags"]):
            transaction.execute(INSERT_TAG, {"capture_seq": row["seq"], "tag": tag.upper()})

    def find(self, query: Query) -> tuple[list[dict[str, Any]], int | None]:
        """Captures newest first, and the cursor of the next page (None at the end)."""
        statement = select(Capture.__table__).order_by(Capture.seq.desc()).limit(query.limit + 1)
        if query.before is not None:
            statement = statement.where(Capture.seq < query.before)
        if query.tag is not None:
            tagged = select(CaptureTag.capture_seq).where(CaptureTag.tag == query.tag.upper())
            statement = statement.where(Capture.seq.in_(tagged))
        for column, value in (
            (Capture.number, query.number),
            (Capture.station, query.station),
            (Capture.success, query.success),
        ):
            if value is not None:
                statement = statement.where(column == value)
        if query.since is not None:
            statement = statement.where(Capture.captured_at >= query.since)
        if query.until is not None:
            statement = statement.where(Capture.captured_at <= query.until)
        rows = [dict(row) for row in self._reader.all(statement)]
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        return rows, rows[-1]["seq"] if more else None

    def status(self) -> dict[str, Any]:
        """For the status page: how many captures are stored, and when the newest was received."""
        newest = self._reader.all(select(func.count(), func.max(Capture.received_at)).select_from(Capture.__table__))[0]
        return {"stored": newest[0], "newest_received_at": utc_text(newest[1])}

    def get(self, capture_id: str) -> dict[str, Any]:
        """One capture by its id. Raises ContractError (404)."""
        rows = self._reader.all(select(Capture.__table__).where(Capture.id == capture_id))
        if not rows:
            raise NotFound(f"There is no capture with the id {capture_id[:80]}.")
        return dict(rows[0])

    def public(self, row: dict[str, Any], host: str) -> dict[str, Any]:
        """A capture as everybody sees it: the documented fields with picture links for a reader who knows the hub as `host`."""
        shown = {key: row[key] for key in ("id", "event_id", "station", "timestamp")}
        shown["received_at"] = utc_text(row["received_at"])
        shown["tags"] = orjson.loads(row["tags"])
        for key in ("tag", "tag_source", "tag_timestamp_iso", "started_ts", "finished_ts"):
            shown[key] = row[key]
        shown["success"] = bool(row["success"])
        for key in ("number", "raw_text", "message"):
            shown[key] = row[key]
        shown["errors"] = orjson.loads(row["errors"])
        shown["attempts"] = row["attempts"]
        shown.update(self.picture_links(row, host))
        warnings = orjson.loads(row["warnings"])
        if warnings:
            shown["warnings"] = warnings
        return shown

    def picture_links(self, row: dict[str, Any], host: str) -> dict[str, str]:
        return {f"{kind}_image_url": self._links.picture(row[f"{kind}_image"], host) for kind in KINDS}

    def answer(self, stored: Stored, host: str) -> dict[str, Any]:
        """What the sender is told: the same the second time, with `duplicate`."""
        row = stored.row
        body: dict[str, Any] = {
            "success": True,
            "message": "Capture result received",
            "id": row["id"],
            "event_id": row["event_id"],
        }
        body.update(self.picture_links(row, host))
        body["warnings"] = orjson.loads(row["warnings"])
        if stored.duplicate:
            body["duplicate"] = True
        return body


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
