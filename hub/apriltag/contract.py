"""A reading of an AprilTag board, in every form that firmware sends (docs/wire/apriltag.md 1.1, 5.6).

Tolerant: every field may be missing or null, unknown ones are kept; only what is no JSON object is refused.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import orjson

from hub.apriltag.json_quotes import single_to_double
from hub.contract.errors import ContractError
from hub.contract.json_text import decode_object, kind_name
from hub.contract.text import clean

MAX_TEXT_BYTES = 64 * 1024
MAX_FIELDS = 256
MAX_KEY = 100
MAX_VALUE = 4000  # characters of one text
MAX_NAME = 200
MAX_DEPTH = 16
MAX_TAGS = 32  # in one message of the first build
MAX_TAG_ID = 2**31
INT_64 = 2**63
RESERVED = frozenset(("event", "server_timestamp", "source", "auth_token"))
FIRST_BUILD = {
    "id": "tag_id",
    "x": "x_cm",
    "y": "y_cm",
    "z": "z_cm",
}  # docs/wire/apriltag.md 1.0, the units are taken to be the later ones
TOO_LONG = f"The text is longer than {MAX_TEXT_BYTES // 1024} KB; a reading has some 240 bytes."
JSON_KINDS = ("", "application/json", "text/json")


@dataclass(frozen=True)
class Reading:
    """One tag seen by one board. `clock`: the board's milliseconds since it booted. `payload`: flat, all that it sent."""

    tag_id: int | None
    clock: float | None
    smartcam_ip: str
    camera_name: str
    payload: dict[str, Any]


def decode_reading(text: str | bytes) -> dict[str, Any]:
    """A JSON object out of a text of at most 64 KB. Raises ContractError (400, 413).

    Strict first; then NaN and half characters are forgiven, and single quotes in place of double ones.
    """
    if len(text) > MAX_TEXT_BYTES or (
        isinstance(text, str) and not text.isascii() and len(text.encode("utf-8", "replace")) > MAX_TEXT_BYTES
    ):
        raise ContractError(TOO_LONG, status=413)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = _forgiving(text)
    if isinstance(value, dict):
        return value
    raise ContractError(f"A JSON object {{...}} was expected, {kind_name(value)} came.")


def _forgiving(text: str | bytes) -> Any:
    """What strict JSON refuses but can be understood. Raises the strict decoder's ContractError where it cannot."""
    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ContractError("The text is not UTF-8; send JSON as UTF-8.") from error
    for form in (plain, single_to_double(plain)):
        try:
            return _sound(json.loads(form), MAX_DEPTH)
        except (ValueError, RecursionError):
            continue
    return decode_object(text)


def parse_reading(data: dict[str, Any]) -> Reading:
    """`data` as a reading. Never refuses an object: what cannot be used is null or left out. Raises ContractError for what is none."""
    if not isinstance(data, dict):
        raise ContractError(f"A JSON object {{...}} was expected, {kind_name(data)} came.")
    inner = data.get("data")
    if isinstance(inner, dict):
        data = {key: value for key, value in data.items() if key != "data"} | inner
    payload: dict[str, Any] = {}
    for key, value in data.items():
        if key in RESERVED or not isinstance(key, str) or len(payload) >= MAX_FIELDS:
            continue
        payload[key[:MAX_KEY]] = _sound(value, MAX_DEPTH)
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
    """One reading, or the tags of a message of the first build, `{"tags": [{id, x, y, z, ...}]}` (docs/wire/apriltag.md 1.0)."""
    tags = data.get("tags") if isinstance(data, dict) else None
    if not isinstance(tags, list) or "tag_id" in data:
        return [parse_reading(data)]
    around = {key: value for key, value in data.items() if key != "tags"}
    return [parse_reading(around | _renamed(tag)) for tag in tags[:MAX_TAGS] if isinstance(tag, dict)]


def parse_post(content_type: str, body: bytes) -> list[Reading]:
    """The readings of a POST (docs/wire/apriltag.md 1.3, 2.3). Raises ContractError (400, 413, 415)."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in JSON_KINDS and not kind.endswith("+json"):
        raise ContractError(
            f"The content type {clean(kind)[:80]} is not taken here; send JSON as application/json.", status=415
        )
    data = decode_reading(body) if body.strip() else {}
    if not data:
        raise ContractError("No JSON body: a reading is a JSON object with fields such as tag_id.")
    return parse_readings(data)


def _renamed(tag: dict[str, Any]) -> dict[str, Any]:
    return {new: tag[old] for old, new in FIRST_BUILD.items() if old in tag and new not in tag} | tag


def _sound(value: Any, depth: int) -> Any:
    """`value` as the encoder and the database take it: finite, of whole characters, bounded in length and depth."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        if -INT_64 <= value < INT_64:
            return value
        return _sound(float(value), depth) if abs(value) < 10**300 else None
    if isinstance(value, str):
        return (value if value.isascii() else value.encode("utf-8", "replace").decode())[:MAX_VALUE]
    if depth <= 0:
        return None
    if isinstance(value, dict):
        return {_sound(str(key), depth)[:MAX_KEY]: _sound(one, depth - 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sound(one, depth - 1) for one in value]
    return None


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
