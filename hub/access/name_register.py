"""Names that senders choose (stations, devices, cameras): how many may be known, and which gives way to a new one.

Anyone who reaches the hub can invent names. So the one that has been silent longest among those of the lowest rank
gives way: a name that never delivered a record before one that did. One address may displace only a few names of
others in a minute; beyond that its own give way, so that it cannot push out everybody.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Any

from hub.access.rate_limits import RateLimiter

RANKS = 3


class NameRegister:
    """Known names by rank, the one that was silent longest first. A protected name never gives way."""

    def __init__(self, max_names: int, displaced_per_minute: int, now: Callable[[], float] = monotonic) -> None:
        self.max_names = max_names
        self._limiter = RateLimiter(displaced_per_minute / 60.0, now=now, burst=displaced_per_minute)
        self._names: list[OrderedDict[str, str]] = [OrderedDict() for _ in range(RANKS)]  # name -> who introduced it
        self._rank: dict[str, int] = {}
        self._protected: set[str] = set()
        self.displaced = self.refused = 0

    def __len__(self) -> int:
        return len(self._rank) + len(self._protected)

    def add(self, name: str, sender: str, rank: int = 0) -> None:
        """Know a new name, introduced by an address, as the one that reported last."""
        self._rank[name] = rank
        self._names[rank][name] = sender

    def seen(self, name: str, rank: int = 0) -> None:
        """A known name reported just now; its rank never falls."""
        known = self._rank.get(name)
        if known is None:
            return
        if rank > known:
            self._rank[name] = rank
            self._names[rank][name] = self._names[known].pop(name)
        else:
            self._names[known].move_to_end(name)

    def protect(self, name: str) -> None:
        """Let a name never give way."""
        self.remove(name)
        self._protected.add(name)

    def remove(self, name: str) -> None:
        """Remove a name."""
        self._protected.discard(name)
        rank = self._rank.pop(name, None)
        if rank is not None:
            del self._names[rank][name]

    def make_room(self, sender: str) -> list[str] | None:
        """Remove and return the names that give way to one new name of `sender` (an address); None where none may."""
        removed: list[str] = []
        while len(self) >= self.max_names:
            name = self._first(sender)
            if name is None:
                self.refused += 1
                return None
            self.remove(name)
            self.displaced += 1
            removed.append(name)
        return removed

    def trim(self) -> list[str]:
        """Remove and return the names over the limit, for what is loaded at the start."""
        removed: list[str] = []
        while len(self) > self.max_names and (name := self._first("")) is not None:
            self.remove(name)
            removed.append(name)
        return removed

    def _first(self, sender: str) -> str | None:
        lowest = next((names for names in self._names if names), None)
        if lowest is None:
            return None
        name, introduced_by = next(iter(lowest.items()))
        if not sender or introduced_by == sender or self._limiter.allow(sender):
            return name
        return next((name for names in self._names for name, owner in names.items() if owner == sender), None)

    def status(self) -> dict[str, Any]:
        """For the status page: known names, how many gave way to new ones, new ones that were refused."""
        return {"known": len(self), "most": self.max_names, "gave_way": self.displaced, "refused": self.refused}
