"""JSON in and out: one decoder with one error sentence, one encoder."""

from __future__ import annotations

from typing import Any

import orjson

from hub.contract.errors import ContractError


def decode_object(text: str | bytes) -> dict[str, Any]:
    """A JSON object. Raises ContractError (400) with what is wrong and where."""
    value = decode(text)
    if not isinstance(value, dict):
        raise ContractError(f"A JSON object {{...}} was expected, {kind_name(value)} came.")
    return value


def decode(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not text.strip():
            raise ContractError("No data provided: the body is empty, a JSON object was expected.") from error
        raise ContractError(
            f"The JSON cannot be read: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error


def encode(value: Any) -> bytes:
    return orjson.dumps(value)


def encode_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def kind_name(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
