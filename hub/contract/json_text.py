"""JSON decoding with an error sentence for senders, and JSON encoding."""

from __future__ import annotations

from typing import Any

import orjson

from hub.contract.errors import ContractError


def decode_object(text: str | bytes) -> dict[str, Any]:
    """Decode a JSON object. Raises ContractError (400) with the position of the error."""
    value = decode(text)
    if not isinstance(value, dict):
        raise ContractError(f"A JSON object {{...}} was expected, {kind_name(value)} came.")
    return value


def decode(text: str | bytes) -> Any:
    """Decode any JSON value. Raises ContractError (400) with the position of the error."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not text.strip():
            raise ContractError("No data provided: the body is empty, a JSON object was expected.") from error
        raise ContractError(
            f"The JSON cannot be read: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error


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
