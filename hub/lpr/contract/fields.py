"""The fields of a camera's object, read one by one in every form that cameras use (docs/wire/lpr.md 2)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

import orjson

from hub.contract.bounds import FIELD_BYTES, FIELD_TEXT, MAX_ESCAPE, Limits, bounded, is_small, plain_size
from hub.contract.errors import ContractError
from hub.contract.fields import MAX_TEXT, SenderFields
from hub.contract.json_text import decode
from hub.contract.text import clean
from hub.contract.times import parse_time
from hub.lpr.contract.plates import as_number

MAX_ID = 200
MAX_EVENT_ID = 128
MAX_LIST = 500
MAX_COUNT = 1_000_000
MAX_EXTRA = 16_384
MAX_EXTRA_FIELDS = 100
EXTRA = Limits(text=FIELD_TEXT, size=FIELD_BYTES)
CAMERA_KEYS = ("camera_id", "aicamera_id", "device_id", "cameraId", "aicameraId", "hostname")
CHECKPOINT_KEYS = ("checkpoint_id", "checkpointId")
COORDINATES = (
    ("latitude", ("latitude", "location_lat", "lat")),
    ("longitude", ("longitude", "location_lon", "location_lng", "lon", "lng")),
)
PLACE_KEYS = frozenset(("location", *(key for _, keys in COORDINATES for key in keys)))
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(?:_(\d{1,6}))?")


class Fields(SenderFields):
    """One camera's object, as `SenderFields`."""

    def __init__(self, data: dict[str, Any], warnings: list[str] | None = None) -> None:
        super().__init__(data, warnings)
        self._room = FIELD_BYTES  # bytes of JSON that `rows` and `decoded` may still return together

    def identity(self, keys: tuple[str, ...]) -> tuple[str, Any]:
        """The first usable id among `keys` as text and in the sender's own type; ("", None) where there is none."""
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

    def decoded(self, key: str) -> Any:
        """A value that may be encoded as JSON text (docs/wire/lpr.md 0.4), bounded."""
        value, size = _unwrapped(self.data.pop(key, None))
        return self._bounded(key, value, size)

    def _bounded(self, key: str, value: Any, size: int) -> Any:
        """A value within the bytes that are left; `size` is that of a small JSON text that it comes from, else 0."""
        if not size or size * MAX_ESCAPE > self._room:
            if not value or not isinstance(value, (list, dict, str)):
                return bounded(value, key, self.warnings)
            size = 0 if isinstance(value, str) else plain_size(value)
            if not 0 < size <= self._room:
                value = bounded(value, key, self.warnings, size=self._room)
                size = len(orjson.dumps(value))
        self._room = max(self._room - size, 0)
        return value

    def rows(self, key: str) -> list[Any]:
        """A list, also as JSON text; a single text, number or object is a list of one."""
        value = self.data.pop(key, None)
        decoded, size = _unwrapped(value)
        if size and type(decoded) is list and size * MAX_ESCAPE <= self._room:
            self._room -= size
            return decoded
        if decoded is None or decoded == "":
            return []
        if isinstance(decoded, (str, dict)) or (isinstance(decoded, (int, float)) and not isinstance(decoded, bool)):
            decoded = [str(decoded) if isinstance(decoded, (int, float)) else decoded]
        if not isinstance(decoded, list):
            self.warn(key, value, "is not a list and was left out")
            return []
        if len(decoded) > MAX_LIST:
            self.warnings.append(f"{key} was cut to its first {MAX_LIST}")
            decoded = decoded[:MAX_LIST]
        kept: list[Any] = self._bounded(key, decoded, 0)
        return kept

    def all_rows(self, *keys: str) -> list[list[Any]]:
        """`rows` of each key; lists that are small together are looked through together."""
        values: list[Any] = [self.data.get(key) for key in keys]
        if all(type(value) is list for value in values):
            size = plain_size(values)
            if 0 < size <= self._room:
                for key in keys:
                    del self.data[key]
                self._room -= size
                return values
        return [self.rows(key) for key in keys]

    def count(self, key: str, default: int) -> int:
        """A whole number from 0 to MAX_COUNT; `default` where there is none."""
        value = self.data.pop(key, None)
        if value is None or value == "":
            return default
        number = as_number(value)
        if number is None or not 0 <= number <= MAX_COUNT:
            self.warn(key, value, "is not a count and was left out")
            return default
        return int(number)

    def number(self, key: str) -> float | None:
        """A finite number; None where there is none."""
        value = self.data.pop(key, None)
        if value is None or value == "":
            return None
        number = as_number(value)
        if number is None:
            self.warn(key, value, "is not a number and was left out")
        return number

    def place(self) -> dict[str, Any]:
        """latitude, longitude and location, those that are there; coordinates under any of their names."""
        found: dict[str, Any] = {}
        if self.data.keys().isdisjoint(PLACE_KEYS):
            return found
        for name, keys in COORDINATES:
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

    def remaining(self) -> dict[str, Any]:
        """Undecodable values and unknown fields, bounded in size."""
        for key, value in self.data.items():
            self.extra.setdefault(clean(key)[:MAX_ID], value)
        return bounded_extra(self.extra)


def as_id(value: Any) -> str:
    """An id as text, from text or a number; "" where the value is no id."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    return str(value) if abs(value) < 1 << 64 else ""


def unwrapped(value: Any) -> Any:
    """Decode JSON text, also where it is encoded twice; any other value is returned as it is."""
    return _unwrapped(value)[0]


def _unwrapped(value: Any) -> tuple[Any, int]:
    """The same, with the size of the text where the value is small (`is_small`), else 0."""
    size = 0
    for _ in range(2):
        if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{", '"'):
            break
        try:
            if is_small(value):
                value, size = orjson.loads(value), len(value)
                continue
        except orjson.JSONDecodeError:
            pass  # `decode` knows what else is JSON
        try:
            value, size = decode(value), 0
        except ContractError:
            break
    return value, 0 if isinstance(value, str) else size


def moment(value: Any, local: tzinfo | None) -> float | None:
    """Parse any of the timestamp forms to epoch seconds; text without a zone is in `local`."""
    found = parse_time(value, local)
    if found is None and isinstance(value, str) and (parts := COMPACT.fullmatch(value.strip())):
        try:
            year, month, day, hour, minute, second = (int(part) for part in parts.groups()[:6])
            micro = int((parts[7] or "0").ljust(6, "0"))
            return datetime(year, month, day, hour, minute, second, micro, tzinfo=local).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    return found


def utc_moment(value: Any) -> float | None:
    """Parse `created_at`, which is UTC where it has no zone."""
    return moment(value, UTC)


def bounded_extra(extra: dict[str, Any]) -> dict[str, Any]:
    """`extra` as it is stored: a value over 16 KB cut to its beginning, 32 KB and 100 fields in all."""
    kept: dict[str, Any] = {}
    room = FIELD_BYTES
    for key, value in list(extra.items())[:MAX_EXTRA_FIELDS]:
        if isinstance(value, (bytes, bytearray)):
            value = clean(repr(value[:MAX_TEXT])[:MAX_TEXT])
        value = bounded(value, key, [], EXTRA)
        text = orjson.dumps(value)
        if len(text) > min(room, MAX_EXTRA + 2):
            value = text[:1000].decode("utf-8", "ignore") + "..."
            text = orjson.dumps(value)
        if room - len(text) - len(key) < 0:
            break
        room -= len(text) + len(key)
        kept[key] = value
    return kept
