"""Entries as CSV: UTF-8 with a byte order mark, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from hub.contract.entries import COLUMNS

BOM = "\ufeff".encode()
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula; the wide forms count in some languages."""


def harmless(cell: str) -> str:
    """A cell that no spreadsheet evaluates: with an apostrophe before what looks like a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def encode_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as lines of CSV. On any thread."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


HEAD = BOM + encode_rows([COLUMNS])
"""The beginning of a file: the byte order mark and the names of the columns."""
