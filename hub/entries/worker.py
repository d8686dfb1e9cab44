"""The child process that writes an XLSX file: `python -m hub.entries.worker FOLDER`.

It reads messages on standard input (`hub.vision.wire`) and answers each: `{"rows": n}` with a JSON list of rows of
texts, then `{"end": true}`, which finishes `FOLDER/records.xlsx`. Every cell is a text, so none is a formula. It ends
with its input, and so with the hub. Its memory does not grow with the rows.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
from xlsxwriter.workbook import Workbook

from hub.contract.entries import COLUMNS
from hub.vision.wire import receive, send
from hub.vision.worker_pipes import claim_pipes, lower_priority

WIDTHS = {"happened_at": 20, "number": 12, "plates": 18, "tag": 28, "message": 40, "pictures": 40, "id": 38}


class Table:
    """A workbook with one sheet, written from the top to the bottom."""

    def __init__(self, folder: Path) -> None:
        options: dict[str, Any] = {"constant_memory": True, "tmpdir": str(folder)}
        self._book = Workbook(str(folder / "records.xlsx"), options)
        self._sheet = self._book.add_worksheet("Records")
        bold = self._book.add_format({"bold": True})
        for column, name in enumerate(COLUMNS):
            self._sheet.set_column(column, column, WIDTHS.get(name, 16))
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(COLUMNS):
            self._sheet.write_string(0, column, name, bold)
        self._rows = 1

    def add(self, rows: list[list[str]]) -> None:
        """Write rows below those that are there."""
        for row in rows:
            for column, cell in enumerate(row):
                if cell:
                    self._sheet.write_string(self._rows, column, cell)
            self._rows += 1

    def finish(self) -> None:
        """Write the file. Raises OSError."""
        self._sheet.autofilter(0, 0, self._rows - 1, len(COLUMNS) - 1)
        self._book.close()


def main(argv: list[str]) -> int:
    """Write one file."""
    requests, answers = claim_pipes()
    lower_priority()
    table = Table(Path(argv[0]))
    while (message := receive(requests)) is not None:
        head, body = message
        if head.get("end"):
            table.finish()
            send(answers, {"done": True})
            return 0
        table.add(orjson.loads(body))
        send(answers, {"rows": head["rows"]})
    return 1  # the hub has given up; it removes the folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
