"""Checks of settings that are lists of tables, and of the names in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator


def _printable(value: str) -> str:
    if value != value.strip() or not value.isprintable():
        raise ValueError("is a name of printable characters without spaces at its ends")
    return value


Name = Annotated[str, AfterValidator(_printable)]
"""A name that operators give: printable, without spaces at its ends."""


def require_tables(value: Any, heading: str) -> Any:
    """`value` unchanged, where it is a list. Raises ValueError with the heading that each table needs."""
    if not isinstance(value, list):
        raise ValueError(f"is a list of tables, each headed [[{heading}]]")
    return value


def require_different(names: Iterable[str], what: str) -> None:
    """Raise ValueError for a name that occurs twice; `what` is the field's word for it, such as camera."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"the {what} {name!r} has two tables; leave one")
        seen.add(name)
