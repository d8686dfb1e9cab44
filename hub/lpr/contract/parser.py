"""A licence-plate camera's object parsed to one of the forms in `record` (docs/wire/lpr.md 1 and 2).

Parsing is tolerant: a value that cannot be used is named in `warnings` and kept in `extra`, together with unknown
fields. Only an unrecognised object is rejected.
"""

from __future__ import annotations

import hashlib
from datetime import tzinfo
from typing import Any, NamedTuple

import orjson

from hub.contract.bounds import bounded_record
from hub.contract.errors import ContractError
from hub.contract.text import clean
from hub.lpr.contract.fields import (
    CAMERA_KEYS,
    CHECKPOINT_KEYS,
    MAX_EVENT_ID,
    MAX_ID,
    Fields,
    as_id,
    moment,
    utc_moment,
)
from hub.lpr.contract.health import read_health
from hub.lpr.contract.kinds import flatten, kind_of
from hub.lpr.contract.pictures import PICTURES, read_pictures
from hub.lpr.contract.plates import MAX_TEXT, collect
from hub.lpr.contract.record import Detection, HealthReport, Registration, Sender, Test

FUTURE_SECONDS = 86_400.0
# Fields that may be JSON text, or hold pictures: bounded where they are decoded.
DECODED_LATER = frozenset(("ocr_results", "vehicle_detections", "plate_detections", "details", "cropped_plates"))
KEY_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


class Context(NamedTuple):
    """What the transport knows about a record: the sender's address and serial, the time of receipt (epoch seconds)."""

    peer: str
    received_at: float
    zone: tzinfo | None = None
    max_picture_bytes: int = 16 * 1024 * 1024
    serial: str = ""
    max_megapixels: int = 50


def parse(data: Any, context: Context, hint: str | None = None) -> Detection | HealthReport | Registration | Test:
    """Parse an object. `hint` is the kind by its event or path (detection, health, register).

    A known `type` of the object overrides `hint`. Raises ContractError: 400 for an unrecognised object, 413 for a
    picture that is too large.
    """
    if not isinstance(data, dict):
        raise ContractError(
            "A JSON object {...} was expected." if data else "No data provided: a record is a JSON object with fields."
        )
    try:
        flat = flatten(data)
        kind, unknown = kind_of(flat, hint)
        warnings: list[str] = []
        fields = Fields(bounded_record(flat, warnings, PICTURES, DECODED_LATER), warnings)
        if unknown is not None:
            fields.warnings.append(f"type {unknown!r} is not known; what is in the record decided")
            fields.extra["type"] = unknown
        for key in ("type", "table"):
            fields.data.pop(key, None)
        sender = _sender(fields, context)
        if kind == "test":
            return Test(sender, fields.text("message"))
        if kind == "register":
            return Registration(sender, _text_of(fields.data.get("timestamp")), fields.warnings)
        return _record(kind, fields, sender, context, overwritten="camera_id" in flat and "aicamera_id" in flat)
    except RecursionError as error:
        raise ContractError("The record is nested too deeply to be read.") from error


def _sender(fields: Fields, context: Context) -> Sender:
    """The camera: by its own id, else by the device serial of the request, else by the peer's address."""
    camera, camera_as_sent = fields.identity(CAMERA_KEYS)
    named = bool(camera)
    if not camera:
        camera = clean(context.serial)[:MAX_ID]
        named = bool(camera)
        camera = camera or context.peer
        camera_as_sent = camera
    checkpoint, checkpoint_as_sent = fields.identity(CHECKPOINT_KEYS)
    if not checkpoint:
        checkpoint, checkpoint_as_sent = camera, camera
        for key in CHECKPOINT_KEYS:
            if fields.data.get(key) in (None, ""):
                fields.data.pop(key, None)
    return Sender(camera, checkpoint, named, {"camera_id": camera_as_sent, "checkpoint_id": checkpoint_as_sent})


def _record(kind: str, fields: Fields, sender: Sender, context: Context, overwritten: bool) -> Detection | HealthReport:
    """A detection or health report. `overwritten`: the sender put the time of sending into `timestamp`."""
    event_id = _event_id(fields)
    timestamp, created_at = fields.data.pop("timestamp", None), fields.data.pop("created_at", None)
    occurred, created = moment(timestamp, context.zone), utc_moment(created_at)
    timeless = occurred is None and created is None and not event_id
    for key, value, found in (("timestamp", timestamp, occurred), ("created_at", created_at, created)):
        if found is None and value not in (None, ""):
            fields.warn(key, value, "is not a time that can be read; its text was kept")
    if occurred is not None and occurred > context.received_at + FUTURE_SECONDS:
        fields.warnings.append("timestamp lies more than a day in the future; it was kept")
    # Over Socket.IO the current camera sends both ids and puts the send time over `timestamp` (docs/wire/lpr.md 1.1).
    clock_at = max((found for found in (occurred, created) if found is not None), default=None)
    if occurred is None or (overwritten and created is not None):
        occurred = created
    common: dict[str, Any] = {
        "sender": sender,
        "event_id": event_id,
        "timestamp": _text_of(timestamp),
        "created_at": _text_of(created_at),
        "occurred_at": context.received_at if occurred is None else occurred,
        "received_at": context.received_at,
        "timeless": timeless,
        "clock_at": clock_at,
    }
    if kind == "health":
        return _health(fields, common)
    return _detection(fields, common, context)


def _health(fields: Fields, common: dict[str, Any]) -> HealthReport:
    place = fields.place()
    health = read_health(fields)
    content = [health["component"], health["status"], health["message"], health["details"]]
    return HealthReport(
        **common,
        event_key=_event_key("health", common, content),
        extra=fields.remaining(),
        warnings=fields.warnings,
        place=place,
        **health,
    )


def _detection(fields: Fields, common: dict[str, Any], context: Context) -> Detection:
    pictures = read_pictures(fields, context.max_picture_bytes, context.max_megapixels)
    ocr, vehicles, boxes = fields.all_rows("ocr_results", "vehicle_detections", "plate_detections")
    single = [
        {"text": _plate_text(fields, key), "confidence": fields.data.get("confidence")}
        for key in ("plate_number", "license_plate")
        if key in fields.data
    ]
    if single:
        fields.data.pop("confidence", None)
    plates = collect(ocr, boxes, single)
    if not ocr and single:
        ocr = [plate.text for plate in plates]
    place = fields.place()
    counts = fields.count("vehicles_count", len(vehicles)), fields.count("plates_count", max(len(boxes), len(plates)))
    processing = fields.number("processing_time_ms")
    content: list[Any] = [
        counts,
        [(plate.text, plate.confidence) for plate in plates],
        ocr,
        vehicles,
        boxes,
        processing,
    ]
    if common["timeless"]:
        content.append([hashlib.blake2b(picture.data, digest_size=8).hexdigest() for picture in pictures])
    return Detection(
        **common,
        event_key=_event_key("detection", common, content),
        extra=fields.remaining(),
        warnings=fields.warnings,
        vehicles_count=counts[0],
        plates_count=counts[1],
        ocr_results=ocr,
        vehicle_detections=vehicles,
        plate_detections=boxes,
        processing_time_ms=processing,
        plates=plates,
        pictures=pictures,
        place=place,
    )


def _plate_text(fields: Fields, key: str) -> Any:
    """The value of a field with a single plate, a text cut to what is stored of it."""
    value = fields.data.pop(key)
    if isinstance(value, str) and len(value) > MAX_TEXT:
        fields.warnings.append(f"{key} was cut to {MAX_TEXT} characters")
        return value[:MAX_TEXT]
    return value


def _event_id(fields: Fields) -> str:
    """The sender's own event id, "" where there is none. Raises ContractError for one that is too long."""
    value = fields.data.pop("event_id", None)
    text = as_id(value)
    if len(text) > MAX_EVENT_ID:
        raise ContractError(f"event_id has {len(text)} characters; at most {MAX_EVENT_ID} are taken.")
    if not text and value not in (None, ""):
        fields.warn("event_id", value, "is neither a text nor a number and was left out")
    return text


def _event_key(kind: str, common: dict[str, Any], content: list[Any]) -> bytes:
    """The idempotency key, 16 bytes: equal for the same record over any transport (docs/wire/lpr.md 1.1)."""
    sender: Sender = common["sender"]
    identity = (
        ["id", kind, sender.camera_id, common["event_id"]]
        if common["event_id"]
        else [kind, sender.camera_id, sender.checkpoint_id, common["timestamp"], common["created_at"], content]
    )
    try:
        text = orjson.dumps(identity, option=KEY_OPTIONS)
    except (TypeError, ValueError):
        text = repr(identity).encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=16).digest()


def _text_of(value: Any) -> str:
    """The sender's own text of a timestamp, bounded."""
    return "" if value is None else clean(value if isinstance(value, (str, int, float)) else repr(value)[:200])[:200]
