"""JSON values limited to what the encoder and the database can hold."""

from __future__ import annotations

from typing import Any

from hub.contract.bounds import Limits, bounded

MAX_KEY = 100
MAX_VALUE = 4000  # characters of one text
MAX_DEPTH = 16  # levels of lists and objects in one value
LIMITS = Limits(depth=MAX_DEPTH, key=MAX_KEY, text=MAX_VALUE, size=64 * 1024)


def sanitize(value: Any) -> Any:
    """Return `value` with finite numbers, valid Unicode, and limited length and nesting; the rest becomes None.

    Integers outside 64 bits become floats.
    """
    return bounded(value, "", [], LIMITS)
