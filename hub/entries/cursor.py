"""The place in the list of entries where a page ends, as the text `next_cursor`."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from hub.contract.entries import LAST_SEQ, Position
from hub.contract.errors import ContractError

TEXT = re.compile(r"(-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,3})?)_([a-z]{1,20})_([0-9]{1,18})")


class Cursor(NamedTuple):
    """The last entry of a page. Entries of one moment stand in the order of their kinds, then the later one first."""

    time: float
    kind: str
    seq: int

    def encode(self) -> str:
        """The text that `parse` reads; the time is exact."""
        return f"{self.time!r}_{self.kind}_{self.seq}"

    def below(self, kind: str) -> Position:
        """From where on the entries of a kind stand behind this one."""
        if kind == self.kind:
            return Position(self.time, self.seq)
        return Position(self.time, LAST_SEQ if kind > self.kind else 0)


def parse(text: str | None) -> Cursor | None:
    """The cursor of a request. Raises ContractError."""
    if not text:
        return None
    match = TEXT.fullmatch(text) if len(text) <= 80 else None
    if match is None or not math.isfinite(float(match[1])):
        raise ContractError("cursor is the next_cursor of the page before, unchanged.", [f"cursor: {text[:80]!r}"])
    return Cursor(float(match[1]), match[2], int(match[3]))
