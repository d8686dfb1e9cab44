"""The capture result of a weighbridge station as it comes in (docs/wire/station.md "The capture result").

Tolerant: what cannot be read is left out, kept raw in `unread` and named in `warnings`; only what cannot be a capture result at
all is refused.
"""

from __future__ import annotations

import binascii
import hashlib
import math
from dataclasses import dataclass, field
from typing import Any

import orjson
import pybase64
from pydantic import BaseModel, ConfigDict, Field

from hub.contract.errors import ContractError
from hub.contract.text import clean
from hub.contract.times import parse_time

KINDS = ("primary", "secondary", "label")
MAX_TAG = 256
MAX_TAGS = 200
MAX_EVENT_ID = 128
MAX_STATION = 100
MAX_SHORT = 200
MAX_LONG = 2000
MAX_ERRORS = 200
MAX_UNREAD = 16_384
MAX_ATTEMPTS = 1_000_000


class CaptureResult(BaseModel):
    """The documented fields, each in its one form."""

    model_config = ConfigDict(extra="forbid")

    event_id: str = ""
    station: str = ""
    timestamp: str = ""
    tags: list[str] = Field(default_factory=list)
    tag: str = ""
    tag_source: str = ""
    tag_timestamp_iso: str = ""
    started_ts: float | None = None
    finished_ts: float | None = None
    success: bool = False
    number: str = ""
    raw_text: str = ""
    message: str = ""
    errors: list[str] = Field(default_factory=list)
    attempts: int = 0
    primary_image_url: str = ""
    secondary_image_url: str = ""
    label_image_url: str = ""


@dataclass
class Incoming:
    """A capture result with its pictures (bytes, not looked at yet) and what was odd about it."""

    result: CaptureResult
    pictures: dict[str, bytes] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unread: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(len(data) for data in self.pictures.values())


class _Fields:
    """Takes the fields of one sender's object one by one, noting what could not be read."""

    def __init__(self, data: dict[str, Any], incoming_warnings: list[str], unread: dict[str, Any]) -> None:
        self.data, self.warnings, self.unread = dict(data), incoming_warnings, unread

    def odd(self, key: str, value: Any, why: str) -> None:
        self.warnings.append(f"{key} {why}")
        self.unread[key] = value

    def text(self, key: str, limit: int, refuse: bool = False) -> str:
        value = self.data.pop(key, None)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            self.odd(key, value, "is not a text and was left out")
            return ""
        cleaned = clean(value)
        if len(cleaned) > limit:
            if refuse:
                raise ContractError(f"{key} has {len(cleaned)} characters; at most {limit} are taken.")
            self.warnings.append(f"{key} was cut to {limit} characters")
        return cleaned[:limit]

    def texts(self, key: str, limit: int, count: int, refuse: bool = False) -> list[str]:
        value = self.data.pop(key, None)
        if value is None:
            return []
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, list):
            self.odd(key, value, "is not a list of texts and was left out")
            return []
        if len(value) > count:
            self.warnings.append(f"{key} was cut to its first {count}")
        rows = []
        for item in value[:count]:
            if isinstance(item, bool) or not isinstance(item, (str, int, float)):
                self.odd(key, value, "holds something that is not a text; that was left out")
                continue
            cleaned = clean(item)
            if len(cleaned) > limit and refuse:
                raise ContractError(f"A text in {key} has {len(cleaned)} characters; at most {limit} are taken.")
            rows.append(cleaned[:limit])
        return [row for row in rows if row]

    def seconds(self, key: str) -> float | None:
        value = self.data.pop(key, None)
        if value is None or value == "":
            return None
        moment = parse_time(value)
        if moment is None:
            self.odd(key, value, "is not a time in epoch seconds and was left out")
        return moment

    def boolean(self, key: str) -> bool:
        value = self.data.pop(key, None)
        known = {
            "true": True,
            "1": True,
            "yes": True,
            "false": False,
            "0": False,
            "no": False,
            "": False,
            "none": False,
        }
        text = str(value).strip().lower()
        if isinstance(value, (bool, str, int, float)) or value is None:
            if text in known:
                return known[text]
        self.odd(key, value, "is neither true nor false; false was taken")
        return False

    def count(self, key: str) -> int:
        value = self.data.pop(key, None)
        if value is None or value == "":
            return 0
        try:
            number = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not 0 <= number <= MAX_ATTEMPTS:
            self.odd(key, value, "is not a count and was left out")
            return 0
        return int(number)


def parse_capture(
    data: dict[str, Any], files: dict[str, bytes] | None = None, max_picture_bytes: int = 16 * 1024 * 1024
) -> Incoming:
    """A capture result from a sender's object and its separately sent pictures (`files`, by kind).

    Pictures inside the object: `primary_image`, `secondary_image`, `label_image` as base64 text, a data URL, or bytes (Socket.IO).
    Raises ContractError.
    """
    if not data:
        raise ContractError("No data provided: a capture result has fields such as tag, success and number.")
    warnings: list[str] = []
    unread: dict[str, Any] = {}
    fields = _Fields(data, warnings, unread)
    pictures = _pictures(fields, files or {}, max_picture_bytes)
    tags = fields.texts("tags", MAX_TAG, MAX_TAGS, refuse=True)
    tag = fields.text("tag", MAX_TAG, refuse=True)
    if tag and tag not in tags:
        tags.insert(0, tag)
    result = CaptureResult(
        event_id=fields.text("event_id", MAX_EVENT_ID, refuse=True),
        station=fields.text("station", MAX_STATION),
        timestamp=fields.text("timestamp", MAX_SHORT),
        tags=list(dict.fromkeys(tags)),
        tag=tag or (tags[0] if tags else ""),
        tag_source=fields.text("tag_source", MAX_SHORT),
        tag_timestamp_iso=fields.text("tag_timestamp_iso", MAX_SHORT),
        started_ts=fields.seconds("started_ts"),
        finished_ts=fields.seconds("finished_ts"),
        success=fields.boolean("success"),
        number=fields.text("number", MAX_SHORT),
        raw_text=fields.text("raw_text", MAX_LONG),
        message=fields.text("message", MAX_LONG),
        errors=fields.texts("errors", MAX_LONG, MAX_ERRORS),
        attempts=fields.count("attempts"),
        **{f"{kind}_image_url": _link(fields, kind) for kind in KINDS},
    )
    if not (result.tags or result.number or result.message or result.errors or pictures):
        raise ContractError(
            "This is no capture result: it has neither tag nor tags, number, message or picture.", ["tag is missing"]
        )
    for key, value in fields.data.items():
        unread.setdefault(clean(key)[:MAX_SHORT], value)
    return Incoming(result, pictures, warnings, unread)


def _link(fields: _Fields, kind: str) -> str:
    """A sender's own picture address; only http(s), since pages show it."""
    key = f"{kind}_image_url"
    value = fields.text(key, MAX_LONG)
    if value and not value.lower().startswith(("http://", "https://")):
        fields.odd(key, value, "is not an http address and was left out")
        return ""
    return value


def _pictures(fields: _Fields, files: dict[str, bytes], limit: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for kind in KINDS:
        value = files.get(kind)
        for key in (f"{kind}_image", kind):
            inline = fields.data.pop(key, None)
            value = value if value is not None else _picture_bytes(fields, key, inline)
        if value is None or len(value) == 0:
            continue
        if len(value) > limit:
            raise ContractError(f"The {kind} picture has {len(value)} bytes; at most {limit} are taken.", status=413)
        found[kind] = bytes(value)
    return found


def _picture_bytes(fields: _Fields, key: str, value: Any) -> bytes | None:
    if value is None or value == "":
        return None
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, str):
        text = value.partition(",")[2] if value.startswith("data:") else value
        for candidate in (text, "".join(text.split())):
            try:
                return decode_base64(candidate)
            except (binascii.Error, ValueError):
                continue
    fields.warnings.append(f"{key} is neither base64 nor bytes and was left out")
    fields.unread[key] = value if len(str(value)) <= MAX_LONG else str(value)[:MAX_LONG]
    return None


def decode_base64(text: str) -> bytes:
    """Strict base64; 16 MB take about a millisecond. Raises ValueError."""
    return pybase64.b64decode(text, validate=True)


def unread_text(unread: dict[str, Any]) -> str:
    """What could not be read, as JSON text of bounded size; "" when there was nothing."""
    if not unread:
        return ""
    try:
        text = orjson.dumps(unread, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, orjson.JSONEncodeError):
        text = clean(repr(unread))
    return text[:MAX_UNREAD]


def derived_event_id(incoming: Incoming, received: float) -> list[str]:
    """Event ids of a record whose sender has none: the first to store it under, all to look for.

    The id is a digest of the content (docs/wire/lpr.md 1.1). A record without any time of its own could be the same truck a week
    later, so there the digest also holds the time of receipt in steps of five minutes, and the step before counts as the same.
    """
    result = incoming.result
    content = result.model_dump(exclude={"event_id"})
    content["pictures"] = {kind: hashlib.sha256(data).hexdigest() for kind, data in incoming.pictures.items()}
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    if result.timestamp or result.started_ts or result.finished_ts or result.tag_timestamp_iso:
        return [f"content-{digest[:32]}"]
    step = int(received // 300)
    return [f"content-{digest[:32]}-{step}", f"content-{digest[:32]}-{step - 1}"]
