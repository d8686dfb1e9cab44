"""Retention of a hub under a clock, with days and a budget of a test's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hub.retention.plan import Planner
from hub.retention.repository import RetentionRepository
from hub.retention.service import Retention
from hub.retention.usage import UsageMeter
from hub.store.plausible_clock import DAY, PlausibleClock


class TrustedClock(PlausibleClock):
    """A wall clock that is never doubted."""

    def trusted(self, table: str, days: int, newest: Callable[[], float | None]) -> bool:
        return True


def retention_of(
    hub: Any,
    days: dict[str, int],
    now: Callable[[], float] = time.time,
    clock: PlausibleClock | None = None,
    budget: int = 0,
) -> Retention:
    """Retention of the kinds in `days`, 0 days for none by age; `budget` in bytes."""
    kinds = [replace(kind, days=days[kind.name]) for kind in hub.expiring if kind.name in days]
    clock = clock or TrustedClock(None, now)
    repository = RetentionRepository(hub.backend, hub.reader, kinds)
    meter = UsageMeter(hub.reader, repository, hub.images, hub.packs, hub.lanes.upkeep)
    return Retention(hub.writer, repository, Planner(hub.reader, kinds, budget, clock.now), meter, clock, kinds)


def expire(
    hub: Any, kind: str, days: int, now: Callable[[], float] = time.time, clock: PlausibleClock | None = None
) -> int:
    """Delete what is older than `days` of one kind; how many."""
    return retention_of(hub, {kind: days}, now, clock).run_once()


__all__ = ["DAY", "TrustedClock", "expire", "retention_of"]
