"""The capture result of a weighbridge station (docs/wire/station.md "The capture result").

Parsing is tolerant: a value that cannot be used is left out, named in `warnings` and kept in `extra`, together with
unknown fields. Only an object that is no capture result at all is rejected.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from hub.contract.base64_text import decode_base64
from hub.contract.bounds import MAX_EXCESS, Limits, bounded, bounded_record
from hub.contract.errors import ContractError
from hub.contract.text import clean
from hub.station.contract.fields import Fields

KINDS = ("primary", "secondary", "label")
MAX_TAG = 256
MAX_TAGS = 200
MAX_EVENT_ID = 128
MAX_STATION = 100
MAX_SHORT = 200
MAX_LONG = 2000
MAX_ERRORS = 200
MAX_TAGS_BYTES = 12 * 1024  # of all tags together
MAX_ERRORS_BYTES = 24 * 1024
MAX_EXTRA = 16_384
MAX_EXTRA_FIELDS = 100
TEXTS = frozenset(("tags", "errors"))  # bounded where they are read
EXTRA = Limits(text=MAX_EXTRA, size=MAX_EXTRA - MAX_EXCESS)
PICTURES = frozenset((*KINDS, *(f"{kind}_image" for kind in KINDS)))


class CaptureResult(BaseModel):
    """The documented fields, normalised."""

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
    """A parsed capture result with its pictures (bytes, not decoded yet) and the warnings for its sender."""

    result: CaptureResult
    pictures: dict[str, bytes] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)  # unknown fields and undecodable values, as sent

    @property
    def size(self) -> int:
        """Bytes of all pictures."""
        return sum(len(data) for data in self.pictures.values())


def parse_capture(
    data: dict[str, Any], files: dict[str, bytes] | None = None, max_picture_bytes: int = 16 * 1024 * 1024
) -> Incoming:
    """Parse a sender's object and its separately sent pictures (`files`, by kind). Raises ContractError.

    Pictures inside the object are `primary_image`, `secondary_image` and `label_image`, as base64 text, as a data URL
    or as bytes (Socket.IO).
    """
    if not data:
        raise ContractError("No data provided: a capture result has fields such as tag, success and number.")
    warnings: list[str] = []
    fields = Fields(bounded_record(data, warnings, PICTURES, TEXTS), warnings)
    pictures = _pictures(fields, files or {}, max_picture_bytes)
    tags = fields.texts("tags", MAX_TAG, MAX_TAGS, MAX_TAGS_BYTES, strict=True)
    tag = fields.text("tag", MAX_TAG, strict=True)
    if tag and tag not in tags:
        tags.insert(0, tag)
    result = CaptureResult(
        event_id=fields.text("event_id", MAX_EVENT_ID, strict=True),
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
        errors=fields.texts("errors", MAX_LONG, MAX_ERRORS, MAX_ERRORS_BYTES),
        attempts=fields.count("attempts"),
        **{f"{kind}_image_url": _link(fields, kind) for kind in KINDS},
    )
    if not (result.tags or result.number or result.message or result.errors or pictures):
        raise ContractError(
            "This is no capture result: it has neither tag nor tags, number, message or picture.", ["tag is missing"]
        )
    for key, value in fields.data.items():
        if len(fields.extra) >= MAX_EXTRA_FIELDS:
            break
        fields.extra.setdefault(clean(key)[:MAX_SHORT], value)
    return Incoming(result, pictures, fields.warnings, _bounded_extra(fields.extra))


def _bounded_extra(extra: dict[str, Any]) -> dict[str, Any]:
    """`extra` within MAX_EXTRA; bytes as their beginning in Python's notation."""
    readable = {
        key: repr(bytes(value[:MAX_SHORT])) if isinstance(value, (bytes, bytearray)) else value
        for key, value in extra.items()
    }
    kept: dict[str, Any] = bounded(readable, "", [], EXTRA)
    return kept


def _link(fields: Fields, kind: str) -> str:
    """A picture address of the sender's own; only http(s), since pages show it."""
    key = f"{kind}_image_url"
    value = fields.text(key, MAX_LONG)
    if value and not value.lower().startswith(("http://", "https://")):
        fields.warn(key, value, "is not an http address and was left out")
        return ""
    return value


def _pictures(fields: Fields, files: dict[str, bytes], limit: int) -> dict[str, bytes]:
    """The pictures by kind; a separate file precedes a picture inside the object. Raises ContractError (413)."""
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


def _picture_bytes(fields: Fields, key: str, value: Any) -> bytes | None:
    if value is None or value == "":
        return None
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, str):
        text = value.partition(",")[2] if value.startswith("data:") else value
        for candidate in (text, "".join(text.split())):
            try:
                return decode_base64(candidate)
            except ValueError:
                continue
    kept = value if len(str(value)) <= MAX_LONG else str(value)[:MAX_LONG]
    fields.warn(key, kept, "is neither base64 nor bytes and was left out")
    return None


def extra_text(extra: dict[str, Any]) -> str:
    """`Incoming.extra` as JSON text of bounded size; "" where it is empty."""
    if not extra:
        return ""
    try:
        text = orjson.dumps(extra, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, orjson.JSONEncodeError):
        text = clean(repr(extra))
    return text[:MAX_EXTRA]


def derived_event_id(incoming: Incoming, received: float) -> list[str]:
    """Event ids of a record without one: it is stored under the first and is a duplicate if any is known.

    The id is a digest of the content (docs/wire/lpr.md 1.1). Equal content without a timestamp may be the same truck a
    week later. The id of such a record also has the time of receipt in steps of five minutes, and the previous step
    counts as the same.
    """
    result = incoming.result
    content = result.model_dump(exclude={"event_id"})
    content["pictures"] = {kind: hashlib.sha256(data).hexdigest() for kind, data in incoming.pictures.items()}
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    if result.timestamp or result.started_ts or result.finished_ts or result.tag_timestamp_iso:
        return [f"content-{digest[:32]}"]
    step = int(received // 300)
    return [f"content-{digest[:32]}-{step}", f"content-{digest[:32]}-{step - 1}"]
