"""Totals that cameras request before they send anything (docs/wire/lpr.md 0.6).

Kept in memory: no request counts rows, and none can fail.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

from hub.contract.times import local_text
from hub.lpr.repository.counters import CounterRepository

KINDS = ("detections", "health")


class Statistics:
    """Totals of all time and of today (the hub's local day of receipt)."""

    def __init__(
        self,
        zone: tzinfo | None,
        cameras: Callable[[], tuple[int, int]],
        denied: Callable[[], int],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._zone, self._cameras, self._denied, self._now = zone, cameras, denied, now
        self._total = dict.fromkeys(KINDS, 0)
        self._today = dict.fromkeys(KINDS, 0)
        self._minute, self._minutes_day = -1.0, ""
        self._day = self.day(now())
        self.last_update = now()

    def day(self, moment: float) -> str:
        """The local day, 2026-01-28; cached for the minute, since every record needs it."""
        minute = moment // 60
        if minute != self._minute:
            self._minute, self._minutes_day = minute, datetime.fromtimestamp(moment, self._zone).strftime("%Y-%m-%d")
        return self._minutes_day

    def load(self, counters: CounterRepository) -> None:
        """Load the stored totals."""
        for row in counters.load([*KINDS, *(f"{kind}_day" for kind in KINDS)]):
            if row["kind"] in KINDS:
                self._total[row["kind"]] = row["count"]
            elif row["key"] == self._day:
                self._today[row["kind"].removesuffix("_day")] = row["count"]

    def counted(self, kind: str, received_at: float) -> None:
        """One more stored record."""
        self._roll()
        self._total[kind] += 1
        self._today[kind] += self.day(received_at) == self._day
        self.last_update = received_at

    @property
    def totals(self) -> dict[str, int]:
        """Records of all time by kind."""
        return self._total

    def _roll(self) -> None:
        today = self.day(self._now())
        if today != self._day:
            self._day, self._today = today, dict.fromkeys(KINDS, 0)

    def body(self, connected_clients: int = 0) -> dict[str, Any]:
        """The answer to GET /api/statistics: nested under `data`, and flat for older programs."""
        self._roll()
        cameras, active = self._cameras()
        data = {
            "total_detections": self._total["detections"],
            "today_detections": self._today["detections"],
            "total_health_checks": self._total["health"],
            "today_health_checks": self._today["health"],
            "total_cameras": cameras,
            "unique_cameras": cameras,
            "active_cameras": active,
            "blacklist_count": self._denied(),
            "connected_clients": connected_clients,
            "last_update": local_text(self.last_update, self._zone),
            "server_status": "running",
        }
        return {"success": True, "data": data, **data}
