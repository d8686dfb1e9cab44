"""CSV that no spreadsheet evaluates: UTF-8 with a byte order mark, cells that look like a formula made harmless."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

BOM = "\ufeff".encode()
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula; the wide forms count in some languages."""
MARK = "'"


def harmless(cell: str) -> str:
    """A cell that no spreadsheet evaluates: with an apostrophe before what looks like a formula."""
    return f"{MARK}{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def as_typed(cell: str) -> str:
    """A cell without the apostrophe of `harmless`."""
    return cell[1:] if cell.startswith(MARK) and cell[1:].lstrip(" ").startswith(FORMULA) else cell


def encode_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as lines of CSV. On any thread."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")
