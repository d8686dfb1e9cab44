"""Parsing of query parameters: limits, cursors, times. Each raises ContractError (400) that names the expected form."""

from __future__ import annotations

import re
from datetime import tzinfo

from hub.contract.errors import ContractError
from hub.contract.times import parse_bound

MAX_LIMIT = 1000
MAX_FPS = 240.0


def page_limit(text: str | None, otherwise: int) -> int:
    """A page size up to MAX_LIMIT; 0 or less means MAX_LIMIT, as in the older server (docs/wire/lpr.md 4.1)."""
    if text is None or text == "":
        return otherwise
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()):
        raise ContractError(f"limit is a whole number up to {MAX_LIMIT}.", [f"limit: {text[:80]!r}"])
    number = int(text)
    return min(number, MAX_LIMIT) if number > 0 else MAX_LIMIT


def cursor(text: str | None, name: str = "cursor") -> int | None:
    """The `next_cursor` of the previous page. `name`: of the parameter, `next_NAME` is the one of the answer."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ContractError(f"{name} is the next_{name} of the page before, unchanged.", [f"{name}: {text[:80]!r}"])
    return int(text)


def by_time(text: str | None) -> bool:
    """`order`: whether rows are wanted by the time of the event, not by that of their arrival."""
    if text not in (None, "", "arrival", "time"):
        raise ContractError("order is time (when it happened) or arrival.", [f"order: {text[:80]!r}"])
    return text == "time"


def bound(name: str, text: str | None, end: bool, zone: tzinfo | None) -> float | None:
    """A `from` or `to` parameter in epoch seconds."""
    if not text:
        return None
    moment = parse_bound(text, zone, end)
    if moment is None:
        raise ContractError(
            (
                f"{name} is a day (2026-01-28), a time (2026-01-28T10:50:00, with Z or +07:00 where it is not local) "
                "or epoch seconds."
            ),
            [f"{name}: {text[:80]!r}"],
        )
    return moment


def rate(text: str | None) -> float:
    """`fps`, the maximum frames a second; 0 (or nothing) is no limit."""
    if not text:
        return 0.0
    number = float(text) if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", text) else -1.0
    if not 0 <= number <= MAX_FPS or 0 < number < 0.01:
        raise ContractError(f"fps is a number from 0.01 to {MAX_FPS:g}, or 0 for no limit.", [f"fps: {text[:80]!r}"])
    return number
