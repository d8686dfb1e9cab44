"""A licence-plate camera's object as one of the forms in `hub.contract.lpr_record` (docs/wire/lpr.md 1 and 2).

Tolerant: what cannot be read is kept raw in `unread` and named in `warnings`; only what is nobody's record is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import orjson

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
from hub.lpr.contract.health import take_health
from hub.lpr.contract.kinds import flatten, kind_of
from hub.lpr.contract.pictures import take_pictures
from hub.lpr.contract.plates import collect
from hub.lpr.contract.record import Detection, HealthReport, Registration, Sender, Test

FUTURE_SECONDS = 86_400.0
KEY_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


@dataclass(frozen=True)
class Context:
    """What a door knows about a record: the sender's address and the time of receipt (epoch seconds)."""

    peer: str
    received_at: float
    zone: tzinfo | None = None
    max_picture_bytes: int = 16 * 1024 * 1024
    serial: str = ""


def parse(data: Any, context: Context, hint: str | None = None) -> Detection | HealthReport | Registration | Test:
    """`data` as a record. `hint` (detection, health, register) is what its event or path says; its own known `type` counts more.

    Raises ContractError: 400 for nobody's record, 413 for a picture that is too large.
    """
    if not isinstance(data, dict):
        raise ContractError(
            "A JSON object {...} was expected." if data else "No data provided: a record is a JSON object with fields."
        )
    try:
        flat = flatten(data)
        kind, unknown = kind_of(flat, hint)
        fields = Fields(flat)
        if unknown is not None:
            fields.warnings.append(f"type {unknown!r} is not known; what is in the record decided")
            fields.unread["type"] = unknown
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
    event_id = _event_id(fields)
    timestamp, created_at = fields.data.pop("timestamp", None), fields.data.pop("created_at", None)
    said, made = moment(timestamp, context.zone), utc_moment(created_at)
    for key, value, found in (("timestamp", timestamp, said), ("created_at", created_at, made)):
        if found is None and value not in (None, ""):
            fields.odd(key, value, "is not a time that can be read; its text was kept")
    if said is not None and said > context.received_at + FUTURE_SECONDS:
        fields.warnings.append("timestamp lies more than a day in the future; it was kept")
    # Over Socket.IO the current camera sends both ids and puts the send time over `timestamp` (docs/wire/lpr.md 1.1).
    occurred = made if said is None or (overwritten and made is not None) else said
    common: dict[str, Any] = {
        "sender": sender,
        "event_id": event_id,
        "timestamp": _text_of(timestamp),
        "created_at": _text_of(created_at),
        "occurred_at": context.received_at if occurred is None else occurred,
        "received_at": context.received_at,
        "timeless": said is None and made is None and not event_id,
    }
    times = (common["timestamp"], common["created_at"])
    if kind == "health":
        place = fields.place()
        health = take_health(fields)
        content = [health["component"], health["status"], health["message"], health["details"]]
        key = _event_key(kind, sender, event_id, times, content)
        return HealthReport(
            **common, event_key=key, unread=fields.rest(), warnings=fields.warnings, place=place, **health
        )
    return _detection(fields, common, times, sender, context)


def _detection(
    fields: Fields, common: dict[str, Any], times: tuple[str, str], sender: Sender, context: Context
) -> Detection:
    pictures = take_pictures(fields.data, context.max_picture_bytes, fields.warnings, fields.unread)
    ocr, vehicles, boxes = (
        fields.rows("ocr_results"),
        fields.rows("vehicle_detections"),
        fields.rows("plate_detections"),
    )
    extra = [
        {"text": fields.data.pop(key), "confidence": fields.data.get("confidence")}
        for key in ("plate_number", "license_plate")
        if key in fields.data
    ]
    if extra:
        fields.data.pop("confidence", None)
    plates = collect(ocr, boxes, extra)
    if not ocr and extra:
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
    key = _event_key("detection", sender, common["event_id"], times, content)
    return Detection(
        **common,
        event_key=key,
        unread=fields.rest(),
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


def _event_id(fields: Fields) -> str:
    value = fields.data.pop("event_id", None)
    text = as_id(value)
    if len(text) > MAX_EVENT_ID:
        raise ContractError(f"event_id has {len(text)} characters; at most {MAX_EVENT_ID} are taken.")
    if not text and value not in (None, ""):
        fields.odd("event_id", value, "is neither a text nor a number and was left out")
    return text


def _event_key(kind: str, sender: Sender, event_id: str, times: tuple[str, str], content: list[Any]) -> bytes:
    """16 bytes; the same for the same record by whatever door (docs/wire/lpr.md 1.1)."""
    identity = (
        ["id", kind, sender.camera_id, event_id]
        if event_id
        else [kind, sender.camera_id, sender.checkpoint_id, *times, content]
    )
    try:
        text = orjson.dumps(identity, option=KEY_OPTIONS)
    except (TypeError, ValueError):
        text = repr(identity).encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=16).digest()


def _text_of(value: Any) -> str:
    return "" if value is None else clean(value if isinstance(value, (str, int, float)) else repr(value)[:200])[:200]
