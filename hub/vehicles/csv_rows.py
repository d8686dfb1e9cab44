"""The rows of a CSV text, read piece by piece: no step of it keeps the interpreter for long, whatever the text."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from hub.contract.errors import ContractError

MAX_ROW = 200_000  # characters of one row, with those of its line breaks in quotation marks
SOME = 64 * 1024  # characters in which lines are looked for at once
BREAK = re.compile(r"\r\n|\n|\r(?!\Z)")
"""The end of a line; a carriage return at the end of a piece may be the first half of one."""


class CsvRows:
    """Rows of cells; `line`: the number of the last line that was read, from 1."""

    def __init__(self, text: str, separator: str) -> None:
        self._in_row, self._first = 0, 1  # characters of the row that is read, and its first line
        self._rows = csv.reader(self._lines(text), delimiter=separator, strict=True)

    @property
    def line(self) -> int:
        """The number of the line that was read last, 0 before the first."""
        return self._rows.line_num

    def next(self) -> list[str] | None:
        """The cells of the next row, None at the end. Raises csv.Error, or ContractError for one without end."""
        self._in_row, self._first = 0, self.line + 1
        return next(self._rows, None)

    def _lines(self, text: str) -> Iterator[str]:
        """Lines with their breaks, of which spreadsheets write three kinds."""
        rest = ""
        for start in range(0, len(text), SOME):
            piece = rest + text[start : start + SOME]
            begin = 0
            for found in BREAK.finditer(piece):
                yield self._counted(piece[begin : found.end()])
                begin = found.end()
            rest = piece[begin:]
            if len(rest) > MAX_ROW:
                self._counted(rest)
        if rest:
            yield self._counted(rest)

    def _counted(self, line: str) -> str:
        self._in_row += len(line)
        if self._in_row > MAX_ROW:
            raise ContractError(
                f"Line {self._first} has no end: more than {MAX_ROW:,} characters. Is a quotation mark missing?"
            )
        return line
