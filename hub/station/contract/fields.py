"""The fields of a station's object, read one by one and tolerantly."""

from __future__ import annotations

import math

from hub.contract.errors import ContractError
from hub.contract.fields import SenderFields, is_scalar
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


class Fields(SenderFields):
    """One station's object, as `SenderFields`."""

    def texts(self, key: str, limit: int, count: int, size: int, strict: bool = False) -> list[str]:
        """Up to `count` texts of together `size` bytes; a single text is a list of one.

        Raises ContractError, as `text` does.
        """
        value = self.data.pop(key, None)
        if value is None:
            return []
        if is_scalar(value):
            value = [value]
        if not isinstance(value, list):
            self.warn(key, value, "is not a list of texts and was left out")
            return []
        if len(value) > count:
            self.warnings.append(f"{key} was cut to its first {count}")
        rows: list[str] = []
        odd = False
        for item in value[:count]:
            if not is_scalar(item):
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
