"""What expires now, by age and by disk budget: the plan that the preview shows and that a run carries out."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hub.contract.times import EARLIEST, LATEST
from hub.retention.cut import Cut, Share
from hub.retention.repository import ExpiringRows
from hub.retention.usage import Usage
from hub.store.expiring import Expiring
from hub.store.plausible_clock import DAY
from hub.store.reader import Reader

BLOCK = 500  # rows that are read at once


@dataclass
class KindPlan:
    """What goes of one kind. `held`: days by which the clock is ahead, so that nothing expires by age."""

    kind: Expiring
    cut: Cut = field(default_factory=Cut)
    share: Share = field(default_factory=Share)
    row_bytes: int = 0
    held: float | None = None


@dataclass(frozen=True)
class Plan:
    """What goes of every kind. `over`: bytes beyond the budget that going by age does not free."""

    usage: Usage
    kinds: Sequence[KindPlan]
    over: int = 0

    @property
    def records(self) -> int:
        """Rows of all kinds."""
        return sum(each.share.records for each in self.kinds)


class Planner:
    """Makes plans, off the event loop."""

    def __init__(self, reader: Reader, kinds: Iterable[Expiring], budget: int, now: Callable[[], float]) -> None:
        """`budget`: bytes, 0 for none."""
        self.rows = {kind.name: ExpiringRows(reader, kind) for kind in kinds}
        self.budget, self._now = budget, now

    def plan(self, usage: Usage, held: Callable[[ExpiringRows], float | None]) -> Plan:
        """The plan for what is stored now. Raises DatabaseError or LaneBusy.

        held: days by which the clock is ahead of what is plausible, or None.
        """
        plans = [self._by_age(rows, held) for rows in self.rows.values()]
        over = usage.total - self.budget - sum(each.share.bytes for each in plans) if self.budget else 0
        if over > 0:
            self._by_budget([each for each in plans if each.kind.in_budget], over)
        return Plan(usage, plans, max(0, over))

    def _by_age(self, rows: ExpiringRows, held: Callable[[ExpiringRows], float | None]) -> KindPlan:
        kind = rows.kind
        made = KindPlan(kind, row_bytes=rows.row_bytes())
        if kind.days:
            made.held = held(rows)
            if made.held is None:
                now = self._now()
                made.cut = rows.age_cut(now - kind.days * DAY, now)
                made.share = self._share(made, *rows.count(made.cut))
        return made

    @staticmethod
    def _share(made: KindPlan, records: int, picture_bytes: int) -> Share:
        return Share(records, picture_bytes, picture_bytes + records * made.row_bytes)

    def _by_budget(self, plans: list[KindPlan], over: int) -> None:
        """Let the oldest of all kinds go, until `over` bytes are freed: the cuts of the plans grow."""
        streams = [self._rows_by_time(made) for made in plans]
        oldest: list[tuple[float, int, Any]] = []
        for place, stream in enumerate(streams):
            if (row := next(stream, None)) is not None:
                heapq.heappush(oldest, (row[0], place, row))
        while over > 0 and oldest:
            _, place, (_, seq, size) = heapq.heappop(oldest)
            made = plans[place]
            over -= size + made.row_bytes
            made.cut = replace(made.cut, full=seq + 1)
            share = made.share
            made.share = self._share(made, share.records + 1, share.picture_bytes + size)
            if (row := next(streams[place], None)) is not None:
                heapq.heappush(oldest, (row[0], place, row))

    def _rows_by_time(self, made: KindPlan) -> Iterator[tuple[float, int, int]]:
        """Time, seq and bytes of pictures of the rows that do not go by age, by arrival.

        The time never goes back: a row that arrived later counts as no older.
        """
        rows, by_age = self.rows[made.kind.name], made.cut
        after, moment, now = -1, EARLIEST, self._now()
        while block := rows.block(after, BLOCK):
            for row in block:
                after, received_at = row["seq"], row["received_at"]
                is_time = isinstance(received_at, (int, float)) and EARLIEST <= received_at < LATEST
                if is_time and after < by_age.until and received_at < by_age.before:
                    continue
                moment = max(moment, min(received_at, now)) if is_time else moment
                yield moment, after, row["picture_bytes"] or 0
