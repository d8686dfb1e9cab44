"""A reading of an AprilTag board (docs/wire/apriltag.md 1.1, 5.6).

Tolerant: every field may be missing or null and unknown fields are kept; only what is no JSON object is rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.apriltag.contract.decoding import decode_reading
from hub.apriltag.contract.values import LIMITS, MAX_KEY, sanitize
from hub.contract.bounds import fits
from hub.contract.errors import ContractError
from hub.contract.json_text import kind_name
from hub.contract.text import clean

MAX_FIELDS = 256
MAX_NAME = 200
MAX_TAGS = 32  # in one message of the first build
MAX_TAG_ID = 2**31
RESERVED = frozenset(("event", "server_timestamp", "source", "auth_token"))
# Field names of the first build (docs/wire/apriltag.md 1.0); its units are assumed to be those of later builds.
FIRST_BUILD = {"id": "tag_id", "x": "x_cm", "y": "y_cm", "z": "z_cm"}
JSON_TYPES = ("", "application/json", "text/json")


@dataclass(frozen=True)
class Reading:
    """One tag seen by one board. `clock`: milliseconds since the board booted. `payload`: every field it sent, flat."""

    tag_id: int | None
    clock: float | None
    smartcam_ip: str
    camera_name: str
    payload: dict[str, Any]


def parse_reading(data: dict[str, Any]) -> Reading:
    """Return `data` as a reading; unusable values become None or are left out.

    Every object is accepted. Raises ContractError for anything else.
    """
    if not isinstance(data, dict):
        raise ContractError(f"A JSON object {{...}} was expected, {kind_name(data)} came.")
    inner = data.get("data")
    if isinstance(inner, dict):
        data = {key: value for key, value in data.items() if key != "data"} | inner
    payload: dict[str, Any] = {}
    is_plain = len(data) <= MAX_FIELDS and fits(data, LIMITS)
    for key, value in data.items():
        if key in RESERVED or not isinstance(key, str) or len(payload) >= MAX_FIELDS:
            continue
        if is_plain:
            payload[key[:MAX_KEY]] = value
        else:
            payload[key[:MAX_KEY].encode("utf-8", "replace").decode()] = sanitize(value)
    tag_id = _tag_id(payload.get("tag_id"))
    if tag_id is not None:
        payload["tag_id"] = tag_id
    return Reading(
        tag_id,
        _clock(payload.get("timestamp")),
        _name(payload.get("smartcam_ip")),
        _name(payload.get("camera_name")),
        payload,
    )


def parse_readings(data: dict[str, Any]) -> list[Reading]:
    """Return the readings of one message.

    That is one, or one for each tag of a message of the first build, `{"tags": [{id, x, y, z, ...}]}`
    (docs/wire/apriltag.md 1.0).
    """
    tags = data.get("tags") if isinstance(data, dict) else None
    if not isinstance(tags, list) or "tag_id" in data:
        return [parse_reading(data)]
    common = {key: value for key, value in data.items() if key != "tags"}
    return [parse_reading(common | _renamed(tag)) for tag in tags[:MAX_TAGS] if isinstance(tag, dict)]


def parse_post(content_type: str, body: bytes) -> list[Reading]:
    """Return the readings of a POST (docs/wire/apriltag.md 1.3, 2.3). Raises ContractError (400, 413, 415)."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES and not media_type.endswith("+json"):
        raise ContractError(
            f"The content type {clean(media_type)[:80]} is not taken here; send JSON as application/json.", status=415
        )
    data = decode_reading(body) if body.strip() else {}
    if not data:
        raise ContractError("No JSON body: a reading is a JSON object with fields such as tag_id.")
    return parse_readings(data)


def _renamed(tag: dict[str, Any]) -> dict[str, Any]:
    """A tag of the first build with today's field names."""
    return {new: tag[old] for old, new in FIRST_BUILD.items() if old in tag and new not in tag} | tag


def _tag_id(value: Any) -> int | None:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or value != int(value)
        or abs(value) >= MAX_TAG_ID
    ):
        return None
    return int(value)


def _clock(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        return None
    return float(value)


def _name(value: Any) -> str:
    return clean(value)[:MAX_NAME] if isinstance(value, str) else ""
