"""Weighbridge stations: accepts capture results, stores each once and finds them again."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import orjson

from hub.contract.errors import NotFound
from hub.contract.paging import json_size
from hub.contract.times import local_text, parse_time, utc_text
from hub.live.bus import Bus
from hub.live.events import CAPTURE_STORED, CaptureStored
from hub.live.links import LOOPBACK, Links
from hub.runtime.offload import offload
from hub.station.contract.capture import KINDS, Incoming, derived_event_id, extra_text
from hub.station.repository import CAPTURE_COLUMNS, CAPTURES, CaptureRepository, Query
from hub.store.backend import Row
from hub.store.examiner import Examiner
from hub.store.picture_store import CapturePictures
from hub.store.pictures import Picture
from hub.store.salvage import Rows, stored_list
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stored:
    """A stored capture: its row, and whether it had been stored before."""

    row: dict[str, Any]
    duplicate: bool


class Captures:
    """Capture results of every transport."""

    def __init__(
        self,
        writer: Writer,
        repository: CaptureRepository,
        images: CapturePictures,
        links: Links,
        bus: Bus,
        examiner: Examiner,
        zone: tzinfo | None = None,
        check_room: Callable[[int], None] = lambda size: None,
    ) -> None:
        """`check_room` raises StoreBusy where there is no room for a capture with pictures of so many bytes."""
        self._check_room = check_room
        self._writer, self._repository, self._images, self._links = writer, repository, images, links
        self._bus, self._examiner, self._zone = bus, examiner, zone
        self._stored = 0
        self.accepted = 0  # new captures since the start
        self._newest_received_at: float | None = None
        self._steady_from = time.time() - time.monotonic()
        self.in_flight = 0  # accepted records that are not answered yet

    def load(self) -> None:
        """Load what `status` shows, so that no request counts rows."""
        self._stored, self._newest_received_at = self._repository.totals()
        self._steady_from = max(time.time(), self._newest_received_at or 0.0) - time.monotonic()

    def accept(self, incoming: Incoming, origin: object = None) -> Stored:
        """Store a capture result once and publish it; returns when it is durable. Raises StoreBusy.

        `origin`: the listener that sent the record; it gets the answer and not the published result.
        """
        self._check_room(incoming.size)
        self.in_flight += 1
        try:
            stored = self._store_once(incoming)
        finally:
            self.in_flight -= 1
        if not stored.duplicate:
            row = stored.row
            self._stored += 1
            self.accepted += 1
            self._newest_received_at = max(row["received_at"], self._newest_received_at or 0.0)
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
        pictures = self._examine(incoming)
        row = self._row(incoming, received)
        ids = [incoming.result.event_id] if incoming.result.event_id else derived_event_id(incoming, self._steady())
        row["event_id"] = ids[0]

        def job(transaction: Transaction) -> Stored:
            for event_id in ids:
                before = self._repository.find_event(transaction, row["station"], event_id)
                if before is not None:
                    return Stored(dict(before), True)
            self._store(transaction, row, incoming, pictures)
            return Stored(row, False)

        return self._writer.write(job, incoming.size)

    def _steady(self) -> float:
        """Epoch seconds that never go back, whatever becomes of the clock: before them is what was stored."""
        return self._steady_from + time.monotonic()

    def _examine(self, incoming: Incoming) -> dict[str, Picture]:
        """The pictures that are shown; a warning names each that is not. Raises LaneBusy."""
        checked = self._examiner.examine(incoming.pictures)
        pictures: dict[str, Picture] = {}
        for kind in incoming.pictures:
            found = checked[kind]
            if isinstance(found, Picture):
                pictures[kind] = found
            else:
                incoming.warnings.append(f"The {kind} picture {found}; its bytes were kept but it is not shown.")
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
        row: dict[str, Any] = result.model_dump(include=set(CAPTURE_COLUMNS))
        row.update(
            id=str(uuid.uuid4()),
            received_at=received,
            protected=False,
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
        """Store the picture files, then the rows that name them; on the writer's thread."""
        milliseconds = int((incoming.result.started_ts or row["captured_at"]) * 1000)
        row["picture_bytes"] = 0
        for kind, data in incoming.pictures.items():
            picture = pictures.get(kind)
            if picture is None:
                self._images.put_undecodable(transaction, data)
                continue
            row[f"{kind}_image"] = self._images.put(transaction, row["tag"], kind, milliseconds, picture.suffix, data)
            row["picture_bytes"] += len(data)
        row["seq"] = self._repository.insert_capture(transaction, row, orjson.loads(row["tags"]))

    def find(self, query: Query) -> tuple[list[dict[str, Any]], int | None]:
        """Captures newest first, and the cursor of the next page (None at the end)."""
        return self._page(self._repository.page(query), query.limit)

    def unread(self, limit: int, before: int | None) -> tuple[list[dict[str, Any]], int | None]:
        """Captures without a number that nobody has corrected yet, newest first, and the cursor of the next page."""
        return self._page(self._repository.unread(limit, before), limit)

    def _page(self, found: Rows, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        rows, following = offload(self._repository.unreadable.page, found, limit, self.readable, CAPTURES)
        self._add_corrected(rows)
        return rows, following

    def _add_corrected(self, rows: list[dict[str, Any]]) -> None:
        corrected = self._repository.corrected(row["seq"] for row in rows)
        for row in rows:
            row["corrected_number"] = corrected.get(row["seq"])

    def readable(self, row: Row) -> dict[str, Any]:
        """A row as a dict, once it is certain that it can be shown."""
        shown = self.public(dict(row), LOOPBACK)
        if not all(isinstance(shown.get(key, []), list) for key in ("tags", "errors", "warnings")):
            raise TypeError("tags, errors or warnings is no list")
        json_size(shown)
        return dict(row)

    @property
    def stored(self) -> int:
        """How many captures are stored."""
        return self._stored

    def expired(self, records: int) -> None:
        """So many captures were deleted."""
        self._stored -= records

    def status(self) -> dict[str, Any]:
        """For the status page: how many captures are stored, and when the newest was received."""
        return {"stored": self._stored, "newest_received_at": utc_text(self._newest_received_at)}

    def get(self, capture_id: str) -> dict[str, Any]:
        """One capture by its id. Raises NotFound."""
        row = self._repository.get(capture_id)
        if row is None:
            raise NotFound(f"There is no capture with the id {capture_id[:80]}.")
        shown = self._repository.unreadable.one(row, self.readable, CAPTURES)
        self._add_corrected([shown])
        return shown

    def protect(self, capture_id: str, protected: bool) -> None:
        """Let a capture and its pictures never expire, or again. Raises NotFound or StoreBusy."""
        if not self._writer.write(lambda transaction: self._repository.protect(transaction, capture_id, protected)):
            raise NotFound(f"There is no capture with the id {capture_id[:80]}.")

    def shown(self, row: dict[str, Any], host: str) -> dict[str, Any]:
        """A capture of `find`, `unread` or `get` as pages and readers of lists see it: with its corrected number."""
        return {**self.public(row, host), "corrected_number": row["corrected_number"]}

    def public(self, row: dict[str, Any], host: str) -> dict[str, Any]:
        """A capture as it is delivered: the documented fields, and picture links to the hub as `host`."""
        shown = {key: row[key] for key in ("id", "event_id", "station", "timestamp")}
        shown["captured_at"] = utc_text(row["captured_at"])
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
        shown["protected"] = bool(row["protected"])
        warnings = orjson.loads(row["warnings"])
        if warnings:
            shown["warnings"] = warnings
        return shown

    def picture_links(self, row: dict[str, Any], host: str) -> dict[str, str]:
        """The links of a capture's pictures by field; "" where there is none."""
        return {f"{kind}_image_url": self._links.picture(row[f"{kind}_image"], host) for kind in KINDS}

    def answer(self, stored: Stored, host: str) -> dict[str, Any]:
        """The answer to the sender: the same the second time, with `duplicate`."""
        row = stored.row
        body: dict[str, Any] = {
            "success": True,
            "message": "Capture result received",
            "id": row["id"],
            "event_id": row["event_id"],
        }
        body.update(self.picture_links(row, host))
        body["warnings"] = stored_list(row["warnings"])
        if stored.duplicate:
            body["duplicate"] = True
        return body


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
