"""The fields of a station's object, read one by one and tolerantly."""

from __future__ import annotations

import math
from typing import Any

from hub.contract.errors import ContractError
from hub.contract.text import clean
from hub.contract.times import parse_time

MAX_COUNT = 1_000_000
BOOLEANS = {
    "true": True,
    "1": True,
    "yes": True,
    "false": False,
    "0": False,
    "no": False,
    "": False,
    "none": False,
}


class Fields:
    """One sender's object. A field that is read leaves `data`.

    A value that cannot be used is named in `warnings` and kept in `extra`.
    """

    def __init__(self, data: dict[str, Any], warnings: list[str] | None = None) -> None:
        self.data = dict(data)
        self.warnings: list[str] = [] if warnings is None else warnings
        self.extra: dict[str, Any] = {}

    def warn(self, key: str, value: Any, why: str) -> None:
        """Note that the value of `key` was not used, and keep it."""
        self.warnings.append(f"{key} {why}")
        self.extra[key] = value

    def text(self, key: str, limit: int, strict: bool = False) -> str:
        """A text, cut to `limit` characters; a longer one is rejected where `strict`. Raises ContractError."""
        value = self.data.pop(key, None)
        if value is None:
            return ""
        if not _is_scalar(value):
            self.warn(key, value, "is not a text and was left out")
            return ""
        cleaned = clean(value)
        if len(cleaned) > limit:
            if strict:
                raise ContractError(f"{key} has {len(cleaned)} characters; at most {limit} are taken.")
            self.warnings.append(f"{key} was cut to {limit} characters")
        return cleaned[:limit]

    def texts(self, key: str, limit: int, count: int, size: int, strict: bool = False) -> list[str]:
        """Up to `count` texts of together `size` bytes; a single text is a list of one.

        Raises ContractError, as `text` does.
        """
        value = self.data.pop(key, None)
        if value is None:
            return []
        if _is_scalar(value):
            value = [value]
        if not isinstance(value, list):
            self.warn(key, value, "is not a list of texts and was left out")
            return []
        if len(value) > count:
            self.warnings.append(f"{key} was cut to its first {count}")
        rows: list[str] = []
        odd = False
        for item in value[:count]:
            if not _is_scalar(item):
                odd = True
                continue
            cleaned = clean(item)
            if len(cleaned) > limit and strict:
                raise ContractError(f"A text in {key} has {len(cleaned)} characters; at most {limit} are taken.")
            cleaned = cleaned[:limit]
            size -= len(cleaned.encode()) + 3  # quotes and comma
            if size < 0:
                self.warnings.append(f"{key} was cut to its first {len(rows)}")
                break
            rows.append(cleaned)
        if odd:
            self.warn(key, value, "holds something that is not a text; that was left out")
        return [row for row in rows if row]

    def seconds(self, key: str) -> float | None:
        """A timestamp in epoch seconds; None where there is none."""
        value = self.data.pop(key, None)
        if value is None or value == "":
            return None
        moment = parse_time(value)
        if moment is None:
            self.warn(key, value, "is not a time in epoch seconds and was left out")
        return moment

    def boolean(self, key: str) -> bool:
        """A boolean in any of its usual forms; False where there is none."""
        value = self.data.pop(key, None)
        if isinstance(value, (bool, str, int, float)) or value is None:
            text = str(value).strip().lower()
            if text in BOOLEANS:
                return BOOLEANS[text]
        self.warn(key, value, "is neither true nor false; false was taken")
        return False

    def count(self, key: str) -> int:
        """A whole number from 0 to MAX_COUNT; 0 where there is none."""
        value = self.data.pop(key, None)
        if value is None or value == "":
            return 0
        try:
            number = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not 0 <= number <= MAX_COUNT:
            self.warn(key, value, "is not a count and was left out")
            return 0
        return int(number)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)
