"""Reads the tables of docs/limits.md."""

from __future__ import annotations

import re

from tests.support.helpers import ROOT

Rows = dict[str, dict[str, str]]
TEXT = (ROOT / "docs" / "limits.md").read_text("utf-8")


def table(first: str) -> Rows:
    """The table whose first heading is `first`: by the first cell of a line, the others by their heading."""
    block = next(part for part in TEXT.split("\n\n") if part.startswith(f"| {first} |"))
    head, _, *lines = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in block.strip().splitlines())
    return {row[0].strip("`"): dict(zip(head[1:], row[1:], strict=True)) for row in lines}


DOORS, PORTS, COLUMNS = table("door"), table("limit"), table("column")


def cells(column: str) -> list[tuple[str, str]]:
    """Each door with its cell in a column."""
    return [(door, row[column]) for door, row in DOORS.items()]


def settings() -> set[str]:
    """Every setting that the page names."""
    return set(re.findall(r"`([a-z]+\.[a-z_]+)`", TEXT))
