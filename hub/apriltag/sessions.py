"""One board and its sessions, and the bodies of /connection_uptime and /connection_history (docs/wire/apriltag.md 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

CLOCK_SIZE = 2.0**32  # millis() wraps after 49.7 days
WRAP_SLACK_MS = 60_000.0
SWAPPED_MS = 1000.0  # so far may a packet be overtaken by its successor
DAY, HOUR, MINUTE = 86_400, 3600, 60


@dataclass
class Session:
    """One stay of a board. Times are epoch seconds; `ended` is None while it lasts."""

    address: str
    name: str
    door: str
    began: float
    ended: float | None = None
    reason: str = ""


class Board:
    """One board as the hub knows it."""

    def __init__(self, address: str, now: float) -> None:
        self.address = address
        self.name = self.door = ""
        self.heard_at = now
        self.clock: float | None = None
        self.messages = self.reboots = 0
        self.sockets: set[object] = set()
        self.session: Session | None = None

    def begin(self, now: float) -> None:
        self.session = Session(self.address, self.name, self.door, now)

    def end(self, when: float, reason: str) -> Session:
        """End the session; it begins anew with the next sign of the board."""
        session = self.session
        session.ended, session.reason, session.name, session.door = (
            max(when, session.began),
            reason,
            self.name,
            self.door,
        )
        self.session = None
        self.clock = None
        return session

    def rebooted(self, clock: float, now: float) -> bool:
        """True when the board's clock went back, unless it ran over or a packet was only overtaken."""
        if self.clock is None or clock >= self.clock:
            return False
        passed_ms = (now - self.heard_at) * 1000.0
        if clock + CLOCK_SIZE - self.clock <= passed_ms + WRAP_SLACK_MS:
            return False
        return self.clock - clock > SWAPPED_MS or clock < self.clock / 2

    def state(self, now: float, stale_seconds: float) -> str:
        """`connected`, `stale` (nothing heard for a while, which is normal without a tag in view) or `gone`."""
        if self.session is None:
            return "gone"
        return "connected" if self.sockets or now - self.heard_at <= stale_seconds else "stale"


def uptime_body(boards: list[Board], now: float, stale_seconds: float) -> dict[str, Any]:
    boards = sorted(boards, key=lambda board: board.session.began)
    shown = [
        {
            "address": board.address,
            "name": board.name,
            "state": board.state(now, stale_seconds),
            **_uptime(now - board.session.began),
        }
        for board in boards
    ]
    if not shown:
        return {"connected": False, **_uptime(0.0), "uptime_formatted": "Not connected", "boards": []}
    first = {key: value for key, value in shown[0].items() if key not in ("address", "name", "state")}
    return {"connected": True, **first, "boards": shown}


def _uptime(seconds: float) -> dict[str, Any]:
    whole = max(0, int(seconds))
    parts = {
        "days": whole // DAY,
        "hours": whole % DAY // HOUR,
        "minutes": whole % HOUR // MINUTE,
        "seconds": whole % MINUTE,
    }
    values = list(parts.items())
    while len(values) > 1 and not values[0][1]:
        values.pop(0)
    return {
        "uptime_seconds": whole,
        "uptime_formatted": " ".join(f"{value}{name[0]}" for name, value in values),
        **parts,
    }


def history_body(sessions: list[Session], started: float, zone: tzinfo | None) -> dict[str, Any]:
    rows = []
    for session in sessions:
        seconds = int(session.ended - session.began)
        rows.append(
            {
                "connect_time": _local(session.began, zone),
                "disconnect_time": _local(session.ended, zone),
                "connect_timestamp": session.began,
                "disconnect_timestamp": session.ended,
                "duration_seconds": seconds,
                "duration_formatted": f"{seconds // 60}m {seconds % 60}s",
                "status": "disconnected",
                "address": session.address,
                "name": session.name,
                "door": session.door,
                "reason": session.reason,
            }
        )
    return {"sessions": rows, "total_sessions": len(rows), "server_start_time": _local(started, zone)}


def _local(seconds: float, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S")
