"""Pages of lists, limited in bytes as well as in rows: `next_cursor` goes on where a page ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson

T = TypeVar("T")

MAX_PAGE_BYTES = 4_000_000  # JSON of one page; a single larger item is a page of its own
DEPTH_MARGIN = 8  # how deep inside a reply an item may stand


def json_size(value: Any) -> int:
    """The bytes of a value's JSON. Raises TypeError for what cannot be encoded inside a reply, such as deep nesting."""
    nested = value
    for _ in range(DEPTH_MARGIN):
        nested = [nested]
    return len(orjson.dumps(nested)) - 2 * DEPTH_MARGIN


def page_of(
    items: Sequence[T],
    start: int,
    limit: int,
    show: Callable[[T], dict[str, Any]],
    max_bytes: int = MAX_PAGE_BYTES,
) -> tuple[list[dict[str, Any]], int | None]:
    """The shown items from the position `start` on, and the position of the next page (None at the end).

    An item that cannot be encoded is left out.
    """
    shown: list[dict[str, Any]] = []
    size = 0
    for position in range(start, min(len(items), start + limit)):
        value = show(items[position])
        try:
            size += json_size(value)
        except TypeError:
            continue
        if shown and size > max_bytes:
            return shown, position
        shown.append(value)
    return shown, start + limit if start + limit < len(items) else None
