"""Licence-plate cameras: accepts their records from every transport, stores each once, publishes it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import tzinfo
from typing import Any, NamedTuple

from hub.contract.errors import NotFound, TooManyRequests
from hub.contract.ids import new_id
from hub.contract.plates import Plate
from hub.contract.times import local_text, utc_text
from hub.live.bus import Bus
from hub.live.events import DETECTION_STORED, HEALTH_STORED, RecordStored
from hub.lpr.cameras import DETECTED, HEALTHY, REGISTERED, Cameras
from hub.lpr.contract.record import Detection, HealthReport, Registration
from hub.lpr.detections import SAME_SECONDS, DetectionStore
from hub.lpr.recent import RecentKeys
from hub.lpr.records import Records
from hub.lpr.repository.counters import CounterKey
from hub.lpr.repository.detections import NewDetection, encode
from hub.lpr.repository.repositories import Repositories
from hub.lpr.statistics import Statistics
from hub.store.backend import Row
from hub.store.picture_store import RecordPictures
from hub.store.salvage import stored_list
from hub.store.transaction import Transaction
from hub.store.writer import Writer

log = logging.getLogger(__name__)


class Accepted(NamedTuple):
    """A record that was stored, or was stored before; `kind` is detection, health or registration."""

    kind: str
    id: str
    record: Detection | HealthReport | Registration
    duplicate: bool
    warnings: list[str]
    saved: str = ""  # name of its first picture


class Lpr:
    """The cameras' service."""

    def __init__(
        self,
        writer: Writer,
        repositories: Repositories,
        packs: RecordPictures,
        bus: Bus,
        cameras: Cameras,
        records: Records,
        statistics: Statistics,
        zone: tzinfo | None,
        watched: Callable[[list[Plate]], list[dict[str, Any]]],
        monotonic: Callable[[], float] = time.monotonic,
        check_room: Callable[[int], None] = lambda size: None,
    ) -> None:
        """`check_room` raises StoreBusy where there is no room for a record with pictures of so many bytes."""
        self._check_room = check_room
        self._writer, self._bus, self._zone, self._watched = writer, bus, zone, watched
        self._repositories = repositories
        self._recent = RecentKeys(monotonic)
        self._detections = DetectionStore(packs, repositories.detections, self._recent)
        self.cameras, self.records, self.statistics = cameras, records, statistics
        self.in_flight = 0

    def accept(
        self, record: Detection | HealthReport | Registration, door: str, address: str = "", origin: object = None
    ) -> Accepted:
        """Store a record once and publish it; returns when it is durable. Raises StoreBusy."""
        self.in_flight += 1
        try:
            if isinstance(record, Registration):
                accepted = self._register(record, door, address)
            elif isinstance(record, HealthReport):
                self._check_room(0)
                accepted = self._health(record, door, address, origin)
            else:
                self._check_room(sum(len(picture.data) for picture in record.pictures))
                accepted = self._detection(record, door, address, origin)
            if origin is not None:
                self.cameras.connected(record.sender.camera_id, origin)
            return accepted
        finally:
            self.in_flight -= 1

    def protect(self, record_id: str, protected: bool) -> None:
        """Let a detection and its pictures never expire, or again. Raises NotFound or StoreBusy."""
        detections = self._repositories.detections
        if not self._writer.write(lambda transaction: detections.protect(transaction, record_id, protected)):
            raise NotFound(f"There is no record with the id {record_id[:80]}.")

    def _register(self, record: Registration, door: str, address: str) -> Accepted:
        sender = record.sender
        known = self.cameras.known(sender.camera_id)
        if not self.cameras.seen(sender.camera_id, sender.checkpoint_id, door, address, REGISTERED):
            raise TooManyRequests(
                f"The hub knows {self.cameras.names.max_names} cameras already (lpr.max_cameras), and this address has "
                "registered many new ones. Try again in a minute; records of the camera are stored all the same.",
                retry_after=60,
            )
        if not known:
            self.cameras.flush()
        return Accepted("registration", sender.camera_id, record, False, record.warnings)

    def _detection(self, record: Detection, door: str, address: str, origin: object) -> Accepted:
        body: dict[str, Any] = {
            "ocr_results": record.ocr_results,
            "vehicle_detections": record.vehicle_detections,
            "plate_detections": record.plate_detections,
            "processing_time_ms": record.processing_time_ms,
            "place": record.place,
            "unread": record.extra,
            "warnings": record.warnings,
            "watchlist": self._watched(record.plates) if record.plates else [],
            "door": door,
            "pictures": {},
        }
        row = _common(record)
        row["vehicles_count"], row["plates_count"] = record.vehicles_count, record.plates_count
        row["protected"], row["pack"], row["picture_bytes"] = False, 0, 0
        row["unsure"] = not any(plate.is_sure for plate in record.plates)
        counters: list[CounterKey] = [
            ("detections", ""),
            ("detections_day", self.statistics.day(record.received_at)),
            ("camera", record.sender.camera_id),
            ("checkpoint", record.sender.checkpoint_id),
            *[("plate", plate) for plate in {plate.plate for plate in record.plates}],
        ]
        item = NewDetection(record, row, body, counters, self._new_camera(record, door, address))
        stored = self._writer.write_with(self._detections, item, sum(len(picture.data) for picture in record.pictures))
        self._seen(record, door, address, DETECTED)
        if not stored.duplicate:
            self.statistics.counted("detections", record.received_at)
            self.cameras.counted(record.sender.camera_id, "detections")
            self._told_time(record)
            self._bus.publish(
                DETECTION_STORED,
                RecordStored(
                    lambda host: self._shown_detection(record, row["id"], body, host), origin, body["watchlist"]
                ),
            )
        return Accepted("detection", stored.id, record, stored.duplicate, stored.warnings, stored.saved)

    def _health(self, record: HealthReport, door: str, address: str, origin: object) -> Accepted:
        row = _common(record)
        row.update(
            component=record.component,
            status=record.status,
            raw_status=record.raw_status,
            message=record.message,
            details=encode(record.details),
            warnings=encode(record.warnings),
        )
        counters: list[CounterKey] = [
            ("health", ""),
            ("health_day", self.statistics.day(record.received_at)),
            ("camera_health", record.sender.camera_id),
        ]
        new_camera = self._new_camera(record, door, address)

        def job(transaction: Transaction) -> Accepted:
            before = self._stored_before(transaction, row, record.timeless)
            if before is not None:
                return Accepted("health", before["id"], record, True, stored_list(before["warnings"]))
            if record.timeless:
                self._recent.add(record.event_key, record.received_at, transaction)
            row["health_seq"] = self._repositories.health.insert_health(transaction, row)
            self._repositories.cameras.upsert_component(transaction, row)
            if new_camera is not None:
                self._repositories.cameras.upsert_camera(transaction, new_camera)
            self._repositories.counters.increment(transaction, counters)
            return Accepted("health", row["id"], record, False, record.warnings)

        accepted = self._writer.write(job)
        self._seen(record, door, address, HEALTHY)
        if not accepted.duplicate:
            self.statistics.counted("health", record.received_at)
            self.cameras.counted(record.sender.camera_id, "health_reports")
            self.cameras.component(record.sender.camera_id, row)
            self._told_time(record)
            self._bus.publish(HEALTH_STORED, RecordStored(lambda _: self._shown_health(record, row["id"]), origin))
        return accepted

    def _stored_before(self, transaction: Transaction, row: dict[str, Any], timeless: bool) -> Row | None:
        """The stored report with the same content, or None. On the writer's thread."""
        health = self._repositories.health
        before = health.find_event(transaction, row["event_key"])
        if before is None or not timeless:
            return before
        if self._recent.age(row["event_key"], row["received_at"], before["received_at"]) <= SAME_SECONDS:
            return before
        # As with detections, the same content much later is another event: the stored row releases the key.
        health.release_key(transaction, row["event_key"])
        return None

    def _new_camera(self, record: Detection | HealthReport, door: str, address: str) -> dict[str, Any] | None:
        sender = record.sender
        if self.cameras.known(sender.camera_id):
            return None
        return {
            "camera_id": sender.camera_id,
            "checkpoint_id": sender.checkpoint_id,
            "registered_at": record.received_at,
            "last_seen": record.received_at,
            "address": address,
            "door": door,
        }

    def _seen(self, record: Detection | HealthReport, door: str, address: str, rank: int) -> None:
        self.cameras.seen(record.sender.camera_id, record.sender.checkpoint_id, door, address, rank)

    def _told_time(self, record: Detection | HealthReport) -> None:
        """A new record tells how the camera's clock goes, where it names a time."""
        self.cameras.told_time(record.sender.camera_id, record.clock_at, record.received_at)

    def _shown_detection(self, record: Detection, record_id: str, body: dict[str, Any], host: str) -> dict[str, Any]:
        shown = {
            "detection_id": record_id,
            "camera_id": record.sender.camera_id,
            "checkpoint_id": record.sender.checkpoint_id,
            "vehicles_count": record.vehicles_count,
            "plates_count": record.plates_count,
            "ocr_results": record.ocr_results,
            "timestamp": local_text(record.received_at, self._zone),
            "occurred_at": utc_text(record.occurred_at),
            "received_at": utc_text(record.received_at),
            "event_id": record.event_id or None,
            "plates": [
                {"text": plate.text, "plate": plate.plate, "confidence": plate.confidence, "box": plate.box}
                for plate in record.plates
            ],
            "pictures": self.records.links(body["pictures"], host),
        }
        if body["watchlist"]:
            shown["watchlist"] = body["watchlist"]
        return shown

    def _shown_health(self, record: HealthReport, record_id: str) -> dict[str, Any]:
        return {
            "health_id": record_id,
            "camera_id": record.sender.camera_id,
            "checkpoint_id": record.sender.checkpoint_id,
            "component": record.component,
            "status": record.status,
            "message": record.message,
            "details": record.details,
            "timestamp": local_text(record.received_at, self._zone),
            "occurred_at": utc_text(record.occurred_at),
            "event_id": record.event_id or None,
        }


def _common(record: Detection | HealthReport) -> dict[str, Any]:
    """The columns that detections and health reports share."""
    return {
        "id": new_id(),
        "event_key": record.event_key,
        "event_id": record.event_id,
        "camera_id": record.sender.camera_id,
        "checkpoint_id": record.sender.checkpoint_id,
        "timestamp": record.timestamp,
        "created_at": record.created_at,
        "occurred_at": record.occurred_at,
        "received_at": record.received_at,
    }
