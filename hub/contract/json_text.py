"""JSON decoding with an error sentence for senders, and JSON encoding."""

from __future__ import annotations

from typing import Any

import orjson

from hub.contract.errors import ContractError
from hub.contract.json_large import LARGE_TEXT, TooDeepJson, TooMuchJson, loads


def decode_object(text: str | bytes) -> dict[str, Any]:
    """Decode a JSON object. Raises ContractError (400) with the position of the error."""
    return as_object(decode(text))


def as_object(value: Any) -> dict[str, Any]:
    """The value where it is an object. Raises ContractError."""
    if not isinstance(value, dict):
        raise ContractError(f"A JSON object {{...}} was expected, {kind_name(value)} came.")
    return value


def decode(text: str | bytes) -> Any:
    """Decode any JSON value, of any size. Raises ContractError: 400 with the position of the error, 413.

    Every JSON text from outside comes here. NaN and Infinity become floats, for `hub.contract.bounds`. From LARGE_TEXT
    on it may take 20 ms: call it on a native thread then (`hub.runtime.json_lane`).
    """
    if len(text) < LARGE_TEXT:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # `loads` knows what else is JSON
    try:
        return loads(text)
    except TooMuchJson as error:
        raise ContractError(str(error), status=400 if isinstance(error, TooDeepJson) else 413) from error
    except orjson.JSONDecodeError as error:
        if not text.strip():
            raise ContractError("No data provided: the body is empty, a JSON object was expected.") from error
        # In a large text the parser counts without the large texts in it.
        position = f" at line {error.lineno}, column {error.colno}" if len(text) < LARGE_TEXT else ""
        raise ContractError(f"The JSON cannot be read: {error.msg}{position}.") from error


def encode(value: Any) -> bytes:
    """UTF-8 JSON of a value."""
    return orjson.dumps(value)


def encode_text(value: Any) -> str:
    """JSON of a value as text."""
    return orjson.dumps(value).decode()


def kind_name(value: Any) -> str:
    """The name of a decoded value's JSON type in an error sentence."""
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
