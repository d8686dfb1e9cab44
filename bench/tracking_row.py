"""One figure of bench/tracking.py beside its limit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Row:
    """One figure. `at_most`: the limit is an upper one; without a limit the figure is for information."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_most: bool = False

    @property
    def good(self) -> bool:
        if self.limit is None:
            return True
        return self.value <= self.limit if self.at_most else self.value >= self.limit


def show(row: Row) -> None:
    """Print a line of the table."""
    limit = "" if row.limit is None else f"{'at most' if row.at_most else 'at least'} {row.limit:>6g}"
    verdict = "" if row.limit is None else "ok" if row.good else "FALLS SHORT"
    print(f"{row.name:<84} {row.value:>8.1f} {row.unit:<4} {limit:>15}   {verdict}".rstrip(), flush=True)
