"""A board, its sessions, and the bodies of /connection_uptime and /connection_history (docs/wire/apriltag.md 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

CLOCK_SIZE = 2.0**32  # millis() wraps after 49.7 days
WRAP_SLACK_MS = 60_000.0
SWAPPED_MS = 1000.0  # by how much a packet may be overtaken by its successor
DAY, HOUR, MINUTE = 86_400, 3600, 60


@dataclass(frozen=True)
class Session:
    """One session of a board, from its first message to its end. Times are those of the boards' clock."""

    address: str
    name: str
    door: str
    began: float
    ended: float
    reason: str


class Board:
    """One board as the hub knows it. `session_began` is None while it has no session (the boards' clock)."""

    def __init__(self, address: str, now: float) -> None:
        self.address = address
        self.name = self.door = ""
        self.received_at = now
        self.heard_here = float("-inf")  # when this hub itself heard it
        self.clock: float | None = None
        self.messages = self.reboots = 0
        self.connections: set[object] = set()  # opaque handles of its WebSockets
        self.session_began: float | None = None
        self.elsewhere_until = float("-inf")  # until when another hub's word counts that the board is connected to it

    def begin(self, now: float) -> None:
        """Begin a session unless there is one."""
        if self.session_began is None:
            self.session_began = now

    def end(self, when: float, reason: str) -> Session | None:
        """End the session and return it, None where there is none; the board's next message begins another."""
        began, self.session_began, self.clock = self.session_began, None, None
        if began is None:
            return None
        return Session(self.address, self.name, self.door, began, max(when, began), reason)

    def rebooted(self, clock: float, now: float) -> bool:
        """Whether the board's clock went back, unless it wrapped around or a packet was only overtaken."""
        if self.clock is None or clock >= self.clock:
            return False
        passed_ms = (now - self.received_at) * 1000.0
        if clock + CLOCK_SIZE - self.clock <= passed_ms + WRAP_SLACK_MS:
            return False
        return self.clock - clock > SWAPPED_MS or clock < self.clock / 2

    def state(self, now: float, stale_seconds: float) -> str:
        """`connected`, `stale` (nothing received for a while, which is normal without a tag in view) or `gone`."""
        return "connected" if now <= self.elsewhere_until else self.state_here(now, stale_seconds)

    def state_here(self, now: float, stale_seconds: float) -> str:
        """The same, as far as this hub itself knows."""
        if self.session_began is None:
            return "gone"
        return "connected" if self.connections or now - self.heard_here <= stale_seconds else "stale"


def uptime_body(boards: list[Board], now: float, stale_seconds: float) -> dict[str, Any]:
    """The body of /connection_uptime for boards that have a session."""
    sessions = [(board.session_began, board) for board in boards if board.session_began is not None]
    sessions.sort(key=lambda session: session[0])
    shown = [
        {
            "address": board.address,
            "name": board.name,
            "state": board.state(now, stale_seconds),
            **_uptime(now - began),
        }
        for began, board in sessions
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


def history_body(sessions: list[Session], started: float, zone: tzinfo | None, offset: float = 0.0) -> dict[str, Any]:
    """The body of /connection_history. `offset`: from the boards' clock to epoch seconds."""
    rows = []
    for session in sessions:
        seconds = int(session.ended - session.began)
        rows.append(
            {
                "connect_time": _local(session.began + offset, zone),
                "disconnect_time": _local(session.ended + offset, zone),
                "connect_timestamp": session.began + offset,
                "disconnect_timestamp": session.ended + offset,
                "duration_seconds": seconds,
                "duration_formatted": f"{seconds // 60}m {seconds % 60}s",
                "status": "disconnected",
                "address": session.address,
                "name": session.name,
                "door": session.door,
                "reason": session.reason,
            }
        )
    return {"sessions": rows, "total_sessions": len(rows), "server_start_time": _local(started + offset, zone)}


def _local(seconds: float, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S")
