"""What a page missed while it was cut off: the records stored after the last one that it has received."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.contract.errors import NotFound

Row = dict[str, Any]

PAGE_ROWS = 25
# Records are published in the order in which their senders are answered, which is not quite that of their sequence
# numbers: as many older ones are sent again, and the page leaves out what it has. A page that opens is given as many.
# Those of other hubs come later still: with several hubs, all that have not settled (hub/cluster/settled.py) are sent.
OVERLAP = PAGE_ROWS


@dataclass(frozen=True)
class Stored:
    """The stored records of one kind. Rows have the column `seq`, which grows with every record."""

    get: Callable[[str], Row]  # by id; raises NotFound
    newest: Callable[[int | None, int], tuple[list[Row], int | None]]  # (cursor, limit) -> newest first, next cursor
    show: Callable[[Row, str], dict[str, Any]]  # (row, host name by which the reader knows the hub)


class Missed:
    """The kinds of records that pages catch up with, by the name of their event."""

    def __init__(self) -> None:
        self._kinds: dict[str, Stored] = {}
        self.overlap = OVERLAP
        self.settled: dict[str, int] = {}  # up to which number the records of other hubs have been published here

    def add(self, kind: str, stored: Stored) -> None:
        """Let pages catch up with a kind of record."""
        self._kinds[kind] = stored

    def newest(self) -> dict[str, int]:
        """The number of the newest record of each kind. Raises Unavailable or DatabaseError."""
        rows = {kind: stored.newest(None, 1)[0] for kind, stored in self._kinds.items()}
        return {kind: found[0]["seq"] if found else 0 for kind, found in rows.items()}

    def page(self, kind: str, after: str, before: int | None, host: str) -> dict[str, Any]:
        """Records stored after the one with the id `after` ("": all of them), newest first, from a cursor on.

        `cursor` goes on with the older ones; None where there are no more. `known` is False where the record `after` is
        not stored (any more). Raises NotFound for a kind that pages cannot ask for.
        """
        stored = self._kinds.get(kind)
        if stored is None:
            raise NotFound(f"Pages cannot catch up with {kind[:40]!r}; they can with {', '.join(self._kinds)}.")
        reply: dict[str, Any] = {"event": "missed", "kind": kind, "records": [], "cursor": None, "known": True}
        first = 0
        if after:
            try:
                first = stored.get(after)["seq"] - self.overlap
                first = min(first, self.settled.get(kind, first))
            except NotFound:
                reply["known"] = False
                return reply
        rows, cursor = stored.newest(before, PAGE_ROWS)
        missed = [row for row in rows if row["seq"] > first]
        reply["records"] = [stored.show(row, host) for row in missed]
        if len(missed) == len(rows):
            reply["cursor"] = cursor
        return reply
