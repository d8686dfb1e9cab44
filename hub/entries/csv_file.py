"""Entries as CSV: UTF-8 with a byte order mark, harmless in a spreadsheet."""

from __future__ import annotations

from hub.contract.csv_cells import BOM, encode_rows
from hub.contract.entries import COLUMNS

__all__ = ["HEAD", "encode_rows"]

HEAD = BOM + encode_rows([COLUMNS])
"""The beginning of a file: the byte order mark and the names of the columns."""
