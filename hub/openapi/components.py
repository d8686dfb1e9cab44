"""Schemas of the document: each `Named` inside a schema is stored once and replaced by a `$ref`."""

from __future__ import annotations

from typing import Any

from hub.openapi.schema import Named

PREFIX = "#/components/schemas/"


class Components:
    """Collects `schemas`, the named schemas of one document."""

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}
        self._named: dict[str, Named] = {}

    def resolve(self, value: Any) -> Any:
        """The value with a `$ref` for each `Named` in it. Raises ValueError where two have the same name."""
        if isinstance(value, Named):
            self._add(value)
            return {"$ref": PREFIX + value.name}
        if isinstance(value, dict):
            return {key: self.resolve(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.resolve(one) for one in value]
        return value

    def _add(self, named: Named) -> None:
        known = self._named.get(named.name)
        if known is named:
            return
        if known is not None:
            raise ValueError(f"Two schemas have the name {named.name}.")
        self._named[named.name] = named
        if isinstance(named.schema, dict):
            self.schemas[named.name] = self.resolve(named.schema)
            return
        made = named.schema.model_json_schema(ref_template=PREFIX + "{model}")
        for name, part in made.pop("$defs", {}).items():
            if self.schemas.setdefault(name, part) != part:
                raise ValueError(f"Two schemas have the name {name}.")
        self.schemas[named.name] = made
