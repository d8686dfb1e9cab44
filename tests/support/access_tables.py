"""Reads the tables of docs/access.md."""

from __future__ import annotations

from tests.support.helpers import ROOT

YES, NO, TOKEN = "yes", "no", "token"
MARK = "<!-- written by tools/write_access_docs.py -->"


def tables() -> dict[str, list[tuple[str, dict[str, str]]]]:
    """By heading: what is asked for, and the cell of each sender."""
    found: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for part in (ROOT / "docs" / "access.md").read_text("utf-8").split(MARK)[1].split("### ")[1:]:
        heading, *lines = part.strip().splitlines()
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
        senders = rows[0][2:]
        found[heading] = [(row[0].strip("`"), dict(zip(senders, row[2:], strict=True))) for row in rows[2:]]
        assert {cell for row in rows[2:] for cell in row[2:]} <= {YES, NO, TOKEN}
    return found
