"""AprilTag boards: which there are, and their sessions.

A board is its address (docs/wire/apriltag.md 5.5: every board has the same name); a camera in whose pictures the hub
itself detects tags is its id. A session begins with the first message of a board and ends when its last WebSocket does,
when its clock goes back (a reboot) or after a long silence without a WebSocket. Between messages, silence is normal:
such a board is stale, not disconnected. WebSockets are opaque handles here; `hub.apriltag.commands` sends to them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import Any

from hub.apriltag.sessions import Board, Session, history_body, uptime_body
from hub.contract.device_state import DeviceDetails, DeviceState
from hub.contract.times import utc_text

KEPT_SESSIONS = 20
ELSEWHERE_SECONDS = 5.0  # how long the word of another hub counts, which says it every second
MAX_TEXT = 200
DETECTION = "detection"


class Boards:
    """All boards of this run of the hub, and their sessions."""

    def __init__(
        self,
        stale_seconds: float,
        gap_seconds: float,
        zone: tzinfo | None = None,
        now: Callable[[], float] = time.time,
        wall: Callable[[], float] | None = None,
        *,
        max_boards: int,
    ) -> None:
        """`now` decides what is silent; `wall` is shown, `now` where it is None."""
        self._wall, self._max_boards = wall or now, max_boards
        self._stale_seconds, self._gap_seconds, self._zone, self._now = stale_seconds, gap_seconds, zone, now
        self._boards: dict[str, Board] = {}
        self._closed: deque[Session] = deque(maxlen=KEPT_SESSIONS)
        self._started = now()

    def received(self, address: str, door: str, clock: float | None = None, name: str = "") -> None:
        """A valid message of a board was received.

        `door`: http, udp, websocket, detection. `clock`: the board's milliseconds since boot.
        """
        now = self._now()
        board = self._board(address, now)
        if board is None:
            return
        if not board.connections and now - board.received_at > self._gap_seconds:
            self._end(board, board.received_at, "silent")
        if clock is not None:
            if board.session_began is not None and board.rebooted(clock, now):
                board.reboots += 1
                self._end(board, board.received_at, "rebooted")
            board.clock = clock
        board.door = board.door if door == DETECTION and board.door else door
        board.name, board.received_at, board.heard_here = name or board.name, now, now
        board.messages += 1
        board.begin(now)

    def connected(self, address: str, connection: object) -> None:
        """A WebSocket has identified as this board's. `connection` is any hashable handle of it."""
        now = self._now()
        board = self._board(address, now)
        if board is None:
            return
        board.connections.add(connection)
        board.door, board.received_at, board.heard_here = "websocket", now, now
        board.begin(now)

    def disconnected(self, address: str, connection: object) -> None:
        """A board's WebSocket has ended; with its last one its session has. Does nothing for an unknown connection."""
        board = self._boards.get(address)
        if board is None or connection not in board.connections:
            return
        board.connections.discard(connection)
        if not board.connections:
            self._end(board, self._now(), "disconnected")

    def watch(self) -> None:
        """End the sessions of boards that were silent for too long; called every few seconds."""
        limit = self._now() - self._gap_seconds
        for board in self._boards.values():
            if not board.connections and board.received_at < limit:
                self._end(board, board.received_at, "silent")

    # -- other hubs

    def states_here(self, everything: bool) -> list[dict[str, Any]]:
        """The boards that this hub itself hears, whatever has changed: they are few."""
        now = self._now()
        return [
            {
                "address": board.address,
                "name": board.name,
                "door": board.door,
                "age": round(max(0.0, now - board.heard_here), 3),
                "connected": board.state_here(now, self._stale_seconds) == "connected",
            }
            for board in self._boards.values()
            if board.door != DETECTION and now - board.heard_here <= self._gap_seconds
        ]

    def state_elsewhere(self, state: dict[str, Any]) -> None:
        """Another hub hears a board. Raises KeyError, TypeError or ValueError for what is no state."""
        address, name, door = (str(state[key])[:MAX_TEXT] for key in ("address", "name", "door"))
        now, age = self._now(), max(0.0, float(state["age"]))
        board = self._board(address, now - age)
        if board is None:
            return
        board.name, board.door = name or board.name, board.door or door
        board.received_at = max(board.received_at, now - age)
        board.elsewhere_until = now + ELSEWHERE_SECONDS if state["connected"] is True else float("-inf")

    def connections(self, address: str | None = None) -> dict[str, list[object]]:
        """The connections of every board that has some, or of the board at `address`, by address."""
        boards = self._boards.values() if address is None else filter(None, [self._boards.get(address)])
        return {board.address: list(board.connections) for board in boards if board.connections}

    def _board(self, address: str, now: float) -> Board | None:
        board = self._boards.get(address)
        if board is None:
            if len(self._boards) >= self._max_boards and not self._make_room():
                return None
            board = self._boards[address] = Board(address, now)
        return board

    def _make_room(self) -> bool:
        """Remove the board that has been silent longest and has no connection; False where every board has one."""
        idle = [board for board in self._boards.values() if not board.connections]
        if not idle:
            return False
        oldest = min(idle, key=lambda board: board.received_at)
        self._end(oldest, oldest.received_at, "silent")
        del self._boards[oldest.address]
        return True

    def _end(self, board: Board, when: float, reason: str) -> None:
        """End the board's session if it has one."""
        session = board.end(when, reason)
        if session is not None and board.door != DETECTION:
            self._closed.append(session)

    def _present(self) -> list[Board]:
        """Boards with a session; a camera in whose pictures the hub itself detects tags is none."""
        self.watch()
        return [board for board in self._boards.values() if board.session_began is not None and board.door != DETECTION]

    def device_states(self) -> Iterator[DeviceState]:
        """Whether each board is online: unknown where it is silent without ever having had a WebSocket."""
        self.watch()
        now = self._now()
        offset = self._wall() - now
        for board in list(self._boards.values()):
            if board.door == DETECTION:
                continue
            state = board.state(now, self._stale_seconds)
            online = True if state == "connected" else False if board.door == "websocket" else None
            name = f"{board.name} ({board.address})" if board.name else board.address
            details = DeviceDetails(state, address=board.address, transport=board.door)
            yield DeviceState("board", board.address, name, online, board.received_at + offset, details=details)

    # -- what is shown

    @property
    def esp32_connected(self) -> bool:
        """Whether any board has a session, over whichever transport (docs/wire/apriltag.md 2.3)."""
        return bool(self._present())

    def uptime(self) -> dict[str, Any]:
        """The body of /connection_uptime: of the board with the oldest session, and of each board under `boards`."""
        return uptime_body(self._present(), self._now(), self._stale_seconds)

    def history(self) -> dict[str, Any]:
        """The body of /connection_history: the last closed sessions, oldest first."""
        self.watch()
        return history_body(list(self._closed), self._started, self._zone, self._wall() - self._now())

    def states(self) -> list[str]:
        """The state of every board, in a word."""
        self.watch()
        now = self._now()
        return [board.state(now, self._stale_seconds) for board in self._boards.values()]

    def status(self) -> list[dict[str, Any]]:
        """Every board for the pages, the one that sent last first."""
        self.watch()
        now = self._now()
        offset = self._wall() - now
        rows = sorted(self._boards.values(), key=lambda board: -board.received_at)
        return [
            {
                "address": board.address,
                "name": board.name,
                "door": board.door,
                "state": board.state(now, self._stale_seconds),
                "sockets": len(board.connections),
                "messages": board.messages,
                "reboots": board.reboots,
                "heard_at": utc_text(board.received_at + offset),
                "silent_seconds": round(max(0.0, now - board.received_at), 1),
                "since": utc_text(board.session_began + offset) if board.session_began is not None else None,
                "clock_ms": board.clock,
            }
            for board in rows
        ]
