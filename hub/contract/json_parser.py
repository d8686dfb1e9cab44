"""The JSON parser for text from outside: strict, but for the words and numbers that have no JSON form.

Python writes NaN, Infinity and -Infinity into JSON, and a number beyond a double is Infinity to every reader. They
become the floats nan and inf here; `hub.contract.bounds` makes null of them and warns.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

BEYOND_DOUBLE = "infinity"  # in orjson's message about a number such as 1e400


def parse(text: str | bytes) -> Any:
    """The value of a JSON text. The caller bounds its size. Raises orjson.JSONDecodeError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not _may_be_tolerated(text, error):
            raise
        try:
            return _parse_tolerantly(text)
        except (ValueError, RecursionError):
            raise error from None


def _may_be_tolerated(text: str | bytes, error: orjson.JSONDecodeError) -> bool:
    if BEYOND_DOUBLE in error.msg:
        return True
    if isinstance(text, str):
        return "NaN" in text or "Infinity" in text
    return b"NaN" in text or b"Infinity" in text


def _parse_tolerantly(text: str | bytes) -> Any:
    """Parse with the standard library's parser. Raises ValueError, also for unpaired surrogates, or RecursionError."""
    plain = text if isinstance(text, str) else text.decode()
    value = json.loads(plain)
    if "\\ud" in plain or "\\uD" in plain:
        json.dumps(value, ensure_ascii=False).encode()
    return value
