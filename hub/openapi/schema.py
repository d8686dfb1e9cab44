"""JSON Schemas (2020-12) in few words. A schema is a dict; a `Named` inside one becomes a `$ref`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Named:
    """A schema of `#/components/schemas`; that of a pydantic model is made from the model."""

    name: str
    schema: Schema | type[BaseModel]


SchemaLike = Schema | Named


def text(description: str = "", max: int | None = None, min: int | None = None, **more: Any) -> Schema:
    """A text of `min` to `max` characters."""
    return _described({"type": "string", **_given(minLength=min, maxLength=max), **more}, description)


def whole(description: str = "", min: int | None = None, max: int | None = None, **more: Any) -> Schema:
    """A whole number."""
    return _described({"type": "integer", **_given(minimum=min, maximum=max), **more}, description)


def number(description: str = "", min: float | None = None, max: float | None = None, **more: Any) -> Schema:
    """Any number."""
    return _described({"type": "number", **_given(minimum=min, maximum=max), **more}, description)


def flag(description: str = "", **more: Any) -> Schema:
    """True or false."""
    return _described({"type": "boolean", **more}, description)


def constant(value: Any, description: str = "") -> Schema:
    """Exactly this value."""
    return _described({"const": value}, description)


def choice(values: Collection[str], description: str = "") -> Schema:
    """One of some texts."""
    return _described({"enum": list(values)}, description)


def scalar(description: str = "", max: int | None = None) -> Schema:
    """A text, or a number or boolean that is taken as one: what tolerant contracts accept where a text is expected."""
    return _described({"type": ["string", "number", "boolean", "null"], **_given(maxLength=max)}, description)


def numeric(description: str = "") -> Schema:
    """A number, also as text: what tolerant contracts accept where a number is expected."""
    return _described({"type": ["number", "string", "null"]}, description)


def anything(description: str = "") -> Schema:
    """Any JSON value."""
    return {"description": description} if description else {}


def items(of: SchemaLike, description: str = "", max: int | None = None, min: int | None = None) -> Schema:
    """A list."""
    return _described({"type": "array", "items": of, **_given(minItems=min, maxItems=max)}, description)


def instant(description: str = "") -> Schema:
    """A time as the hub writes it, in UTC."""
    return text(description or "A time in UTC.", examples=["2026-01-28T03:50:00.123456Z"])


def nullable(schema: SchemaLike) -> Schema:
    """The same, or null."""
    if isinstance(schema, dict) and isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def fields(
    properties: Mapping[str, SchemaLike], optional: Collection[str] = (), description: str = "", **more: Any
) -> Schema:
    """An object that has all of these properties but the `optional` ones, and maybe others."""
    required = [key for key in properties if key not in optional]
    made: Schema = {"type": "object", "properties": dict(properties), **more}
    return _described({**made, "required": required} if required else made, description)


def accepted(properties: Mapping[str, SchemaLike], description: str = "", **more: Any) -> Schema:
    """An object as a tolerant contract accepts it: every property may be missing, others may be there."""
    return fields(properties, list(properties), description, additionalProperties=True, **more)


def table(of: SchemaLike, description: str = "") -> Schema:
    """An object with any keys, whose values are `of`."""
    return _described({"type": "object", "additionalProperties": of}, description)


def properties_of(model: type[BaseModel]) -> dict[str, Schema]:
    """The properties of a pydantic model without nested models."""
    made: dict[str, Schema] = model.model_json_schema()["properties"]
    return {key: {name: part for name, part in value.items() if name != "title"} for key, value in made.items()}


def _given(**values: Any) -> Schema:
    return {key: value for key, value in values.items() if value is not None}


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema
