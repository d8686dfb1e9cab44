"""Text of a board or game as a JSON object, in every form that firmware sends (docs/wire/apriltag.md 2.2, 5.6)."""

from __future__ import annotations

import json
from typing import Any, cast

import orjson

from hub.apriltag.contract.single_quotes import single_to_double
from hub.apriltag.contract.values import sanitize
from hub.contract.bounds import Limits, bounded
from hub.contract.errors import ContractError
from hub.contract.json_text import decode_object, kind_name

MAX_TEXT_BYTES = 64 * 1024
READING_BYTES = 4 * 1024  # a longer text is decoded on a native thread; a reading has some 240 bytes
# What a message may hold around the values of a reading, which have their own limits.
MESSAGE = Limits(depth=20, key=MAX_TEXT_BYTES, text=MAX_TEXT_BYTES, items=MAX_TEXT_BYTES, size=1024 * 1024)
TOO_LONG = f"The text is longer than {MAX_TEXT_BYTES // 1024} KB; a reading has some 240 bytes."


def decode_reading(text: str | bytes) -> dict[str, Any]:
    """Decode a JSON object of at most 64 KB. Raises ContractError (400, 413).

    Strict JSON is tried first, then JSON with NaN and unpaired surrogates, then JSON with single quotes.
    """
    if len(text) > MAX_TEXT_BYTES or (
        isinstance(text, str) and not text.isascii() and len(text.encode("utf-8", "replace")) > MAX_TEXT_BYTES
    ):
        raise ContractError(TOO_LONG, status=413)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = _decode_leniently(text)
    if isinstance(value, dict):
        return cast(dict[str, Any], bounded(value, "", [], MESSAGE)) if _may_be_deep(text) else value
    raise ContractError(f"A JSON object {{...}} was expected, {kind_name(value)} came.")


def _may_be_deep(text: str | bytes) -> bool:
    """Whether a text opens more lists and objects than may be nested in a message."""
    if isinstance(text, str):
        return text.count("[") + text.count("{") > MESSAGE.depth
    return text.count(b"[") + text.count(b"{") > MESSAGE.depth


def _decode_leniently(text: str | bytes) -> Any:
    """Decode what strict JSON rejects but is unambiguous. Raises the strict decoder's ContractError where it is not."""
    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise ContractError("The text is not UTF-8; send JSON as UTF-8.") from error
    for form in (plain, single_to_double(plain)):
        try:
            return sanitize(json.loads(form))
        except (ValueError, RecursionError):
            continue
    return decode_object(text)
