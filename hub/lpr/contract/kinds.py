"""The kind of a camera's object: by its `type`, by the event or path that carried it, or by its fields."""

from __future__ import annotations

from typing import Any

from hub.contract.errors import ContractError
from hub.lpr.contract.fields import CAMERA_KEYS, CHECKPOINT_KEYS, unwrapped

TYPES = {
    "detection_result": "detection",
    "lpr_detection": "detection",
    "detection": "detection",
    "lpr_data": "detection",
    "lpr": "detection",
    "health_check": "health",
    "health": "health",
    "health_status": "health",
    "heartbeat": "health",
    "edge_status": "health",
    "test": "test",
    "ping": "test",
    "camera_register": "register",
    "register": "register",
    "registration": "register",
}
DETECTION_KEYS = frozenset(
    (
        "ocr_results",
        "plate_number",
        "license_plate",
        "plate_detections",
        "vehicle_detections",
        "vehicles_count",
        "plates_count",
        "original_image",
        "annotated_image",
        "image",
        "image_data",
        "image_b64",
        "image_binary",
        "cropped_plates",
        "detection_data",
    )
)
HEALTH_KEYS = frozenset(
    (
        "component",
        "cpu_usage",
        "memory_usage",
        "disk_usage",
        "cpu_percent",
        "camera_status",
        "hailo_status",
        "system_info",
        "health_status",
    )
)
HEALTH_WORDS = frozenset(
    (
        "pass",
        "healthy",
        "online",
        "ok",
        "warning",
        "warn",
        "degraded",
        "fail",
        "failed",
        "error",
        "critical",
        "unhealthy",
        "offline",
    )
)
COMMON_KEYS = frozenset(
    (
        *CAMERA_KEYS,
        *CHECKPOINT_KEYS,
        "timestamp",
        "created_at",
        "event_id",
        "status",
        "message",
        "details",
        "processing_time_ms",
    )
)
RECORD_KEYS = DETECTION_KEYS | HEALTH_KEYS | COMMON_KEYS
TABLE_KEYS = frozenset(("table", "data", "type"))  # of the frame around a record (docs/wire/lpr.md 1.4)
MAX_NESTING = 3


def flatten(data: dict[str, Any]) -> dict[str, Any]:
    """Move the fields of nested objects (`data`, `content`, `data.detection_data`) up; outer fields take precedence."""
    for _ in range(MAX_NESTING):
        for inner_key in ("data", "content", "detection_data"):
            if inner_key in data and isinstance(inner := unwrapped(data[inner_key]), dict):
                break
        else:
            return data
        outer = {key: value for key, value in data.items() if key != inner_key}
        plates = inner.get("plates")
        data = {**inner, **outer}
        if isinstance(plates, list):
            data.setdefault("ocr_results", plates)
            data.pop("plates", None)
    return data


def kind_of(data: dict[str, Any], hint: str | None) -> tuple[str, str | None]:
    """`detection`, `health`, `register` or `test`, and the text of an unknown `type`.

    Raises ContractError for an unrecognised object.
    """
    if not data:
        raise ContractError("No data provided: a record has fields such as camera_id, timestamp and ocr_results.")
    sent = data.get("type")
    known = TYPES.get(sent.strip().lower()) if isinstance(sent, str) else None
    if known is None and data.get("table") == "lpr_detection":
        if data.keys() <= TABLE_KEYS:
            raise ContractError("No data provided: `data` is an object with the fields of the record.")
        known = "detection"
    if known:
        return known, None
    unknown = sent[:80] if isinstance(sent, str) and sent.strip() else None
    keys = data.keys()
    if hint == "register":
        return "register", unknown
    if hint and not keys.isdisjoint(RECORD_KEYS):
        return hint, unknown
    if hint is None:
        if not keys.isdisjoint(DETECTION_KEYS):
            return "detection", unknown
        if not keys.isdisjoint(HEALTH_KEYS) or (
            isinstance(data.get("status"), str) and data["status"].strip().lower() in HEALTH_WORDS
        ):
            return "health", unknown
    raise ContractError(
        (
            "This is nobody's record: neither a detection (ocr_results, plate_detections, license_plate, a picture) "
            "nor a health report (component, status)."
        ),
        ["type is missing or unknown, and no field of a record is there"],
    )
