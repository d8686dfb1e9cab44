"""JSON values limited to what the encoder and the database can hold."""

from __future__ import annotations

import math
from typing import Any

MAX_KEY = 100
MAX_VALUE = 4000  # characters of one text
MAX_DEPTH = 16
INT_64 = 2**63


def sanitize(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return `value` with finite numbers, valid Unicode, and limited length and nesting; the rest becomes None.

    Integers outside 64 bits become floats. `depth` is how many levels of lists and objects are kept.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        if -INT_64 <= value < INT_64:
            return value
        return float(value) if abs(value) < 10**300 else None
    if isinstance(value, str):
        return (value if value.isascii() else value.encode("utf-8", "replace").decode())[:MAX_VALUE]
    if depth <= 0:
        return None
    if isinstance(value, dict):
        return {sanitize(str(key), depth)[:MAX_KEY]: sanitize(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [sanitize(item, depth - 1) for item in value]
    return None
