"""Taking the fields of a camera's object, in every form that cameras use (docs/wire/lpr.md 2)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

import orjson

from hub.contract.text import clean
from hub.contract.times import parse_time
from hub.lpr.contract.plates import as_number

MAX_ID = 200
MAX_EVENT_ID = 128
MAX_TEXT = 2000
MAX_LIST = 500
MAX_COUNT = 1_000_000
MAX_UNREAD = 16_384
CAMERA_KEYS = ("camera_id", "aicamera_id", "device_id", "cameraId", "aicameraId", "hostname")
CHECKPOINT_KEYS = ("checkpoint_id", "checkpointId")
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(?:_(\d{1,6}))?")


class Fields:
    """One sender's object; what is taken leaves `data`, what was odd is in `warnings` and `unread`."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = dict(data)
        self.warnings: list[str] = []
        self.unread: dict[str, Any] = {}

    def odd(self, key: str, value: Any, why: str) -> None:
        self.warnings.append(f"{key} {why}")
        self.unread[key] = value

    def identity(self, keys: tuple[str, ...]) -> tuple[str, Any]:
        """The first usable id among `keys` as a text, and as the sender wrote it; ("", None) where there is none."""
        chosen: tuple[str, Any] = ("", None)
        for key in keys:
            if key not in self.data:
                continue
            value = self.data[key]
            text = as_id(value)
            if text and not chosen[0]:
                if len(text) > MAX_ID:
                    self.warnings.append(f"{key} was cut to {MAX_ID} characters")
                    text, value = text[:MAX_ID], text[:MAX_ID]
                chosen = (text, value if not isinstance(value, str) else text)
            if text:
                self.data.pop(key)
        return chosen

    def text(self, key: str, limit: int = MAX_TEXT) -> str:
        value = self.data.pop(key, None)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            self.odd(key, value, "is not a text and was left out")
            return ""
        cleaned = clean(value)
        if len(cleaned) > limit:
            self.warnings.append(f"{key} was cut to {limit} characters")
        return cleaned[:limit]

    def decoded(self, key: str) -> Any:
        """A value that may be JSON text in a text (docs/wire/lpr.md 0.4)."""
        return unwrapped(self.data.pop(key, None))

    def rows(self, key: str) -> list[Any]:
        """A list, or JSON text of one; a single text or object is a list of one."""
        value = self.data.pop(key, None)
        decoded = unwrapped(value)
        if decoded is None or decoded == "":
            return []
        if isinstance(decoded, (str, dict)) or (isinstance(decoded, (int, float)) and not isinstance(decoded, bool)):
            decoded = [str(decoded) if isinstance(decoded, (int, float)) else decoded]
        if not isinstance(decoded, list):
            self.odd(key, value, "is not a list and was left out")
            return []
        if len(decoded) > MAX_LIST:
            self.warnings.append(f"{key} was cut to its first {MAX_LIST}")
        return decoded[:MAX_LIST]

    def count(self, key: str, otherwise: int) -> int:
        value = self.data.pop(key, None)
        if value is None or value == "":
            return otherwise
        number = as_number(value)
        if number is None or not 0 <= number <= MAX_COUNT:
            self.odd(key, value, "is not a count and was left out")
            return otherwise
        return int(number)

    def number(self, key: str) -> float | None:
        value = self.data.pop(key, None)
        if value is None or value == "":
            return None
        number = as_number(value)
        if number is None:
            self.odd(key, value, "is not a number and was left out")
        return number

    def place(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, keys in (
            ("latitude", ("latitude", "location_lat", "lat")),
            ("longitude", ("longitude", "location_lon", "location_lng", "lon", "lng")),
        ):
            for key in keys:
                if key in self.data and (value := self.number(key)) is not None:
                    found.setdefault(name, value)
        if "location" in self.data:
            value = self.data.pop("location")
            if isinstance(value, dict):
                inner = Fields(value)
                found |= inner.place()
            elif text := clean(value)[:MAX_TEXT] if isinstance(value, str) else "":
                found["location"] = text
        return found

    def rest(self) -> dict[str, Any]:
        """Everything odd and everything not known, bounded."""
        for key, value in self.data.items():
            self.unread.setdefault(clean(key)[:MAX_ID], value)
        return bounded(self.unread)


def as_id(value: Any) -> str:
    """An id as text: a text, or a whole number; "" where it is none."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    return str(value) if abs(value) < 1 << 64 else ""


def unwrapped(value: Any) -> Any:
    """JSON text decoded, also twice; any other text stays."""
    for _ in range(2):
        if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{", '"'):
            break
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            break
    return value


def moment(value: Any, local: tzinfo | None) -> float | None:
    """Epoch seconds of any of the time forms; a text without zone is in `local`."""
    found = parse_time(value, local)
    if found is None and isinstance(value, str) and (parts := COMPACT.fullmatch(value.strip())):
        try:
            micro = int((parts[7] or "0").ljust(6, "0"))
            return datetime(*(int(part) for part in parts.groups()[:6]), micro, tzinfo=local).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    return found


def utc_moment(value: Any) -> float | None:
    """The same for `created_at`, which is UTC where it names no zone."""
    return moment(value, UTC)


def bounded(unread: dict[str, Any]) -> dict[str, Any]:
    """`unread` as it can be stored: JSON only, at most 16 KB, the largest values first to be cut."""
    kept: dict[str, Any] = {}
    room = MAX_UNREAD * 2
    for key, value in list(unread.items())[:100]:
        try:
            text = orjson.dumps(value)
        except (TypeError, ValueError):
            value = clean(repr(value)[:MAX_TEXT])
            text = orjson.dumps(value)
        if len(text) > min(room, MAX_UNREAD + 2):
            value = text[:1000].decode("utf-8", "ignore") + "..."
            text = b" " * len(value)
        if room - len(text) < 0:
            break
        room -= len(text)
        kept[key] = value
    return kept
