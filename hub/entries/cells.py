"""An entry as a row of a table, for files that other programs open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any

from hub.contract.entries import COLUMNS
from hub.contract.times import local_text
from hub.entries.service import Entry

MAX_CELL = 32_000  # characters; spreadsheets take 32,767


def rows_of(entries: Iterable[Entry], host: str, zone: tzinfo | None) -> list[list[str]]:
    """The cells of entries in the order of COLUMNS. On any thread."""
    return [_row(entry, entry.source.show(entry.row, host), zone) for entry in entries]


def _row(entry: Entry, shown: dict[str, Any], zone: tzinfo | None) -> list[str]:
    cells = entry.source.cells(shown)
    cells["kind"] = entry.source.kind
    cells["happened_at"] = _second(entry.place.time, zone)
    cells["happened_at_utc"] = f"{local_text(entry.place.time, UTC)}Z"
    cells["received_at_utc"] = f"{local_text(entry.row['received_at'], UTC)}Z"
    return [_clean(cells.get(name, "")) for name in COLUMNS]


def _second(seconds: float, zone: tzinfo | None) -> str:
    """The site's time as spreadsheets read it: 2026-01-28 10:50:00."""
    return datetime.fromtimestamp(int(seconds), zone).strftime("%Y-%m-%d %H:%M:%S")


def _clean(text: str) -> str:
    """One line without control characters, bounded."""
    if not text.isprintable():  # a tab too: it may begin a formula
        text = "".join(char if char.isprintable() else " " for char in text)
    return text[:MAX_CELL]
