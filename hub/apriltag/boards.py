"""AprilTag boards: who they are, when they were here, and telling them something.

A board is its address (docs/wire/apriltag.md 5.5: every board has the same name); a camera that the hub looks at itself is its id. A session
begins with the first sign of a board and ends when its last WebSocket does, when its clock goes back (a reboot) or after a long
silence without a WebSocket. Between, silence is normal: such a board is stale, not disconnected.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from hub.apriltag.sessions import Board, Session, history_body, uptime_body
from hub.contract.json_text import encode_text
from hub.contract.times import utc_text
from hub.websocket.connection import WebSocket, WebSocketClosed, prepare
from hub.websocket.keepalive import Spawn, plain_spawn

MAX_BOARDS = 1000
KEPT_SESSIONS = 20
WAITING_MESSAGES = 8
SEND_SECONDS = 5.0
DETECTION = "detection"


class Boards:
    """All boards of this run of the hub, and their sessions."""

    def __init__(
        self,
        stale_seconds: float,
        gap_seconds: float,
        zone: tzinfo | None = None,
        spawn: Spawn = plain_spawn,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._stale_seconds, self._gap_seconds, self._zone, self._spawn, self._now = (
            stale_seconds,
            gap_seconds,
            zone,
            spawn,
            now,
        )
        self._boards: dict[str, Board] = {}
        self._waiting: dict[WebSocket, deque[Any]] = {}
        self._closed: deque[Session] = deque(maxlen=KEPT_SESSIONS)
        self._started = now()

    def heard(self, address: str, door: str, clock: float | None = None, name: str = "") -> None:
        """Something valid came from a board. `door`: http, udp, websocket, detection. `clock`: its milliseconds since boot."""
        now = self._now()
        board = self._board(address, now)
        if board is None:
            return
        if board.session is not None and not board.sockets and now - board.heard_at > self._gap_seconds:
            self._end(board, board.heard_at, "silent")
        if clock is not None:
            if board.session is not None and board.rebooted(clock, now):
                board.reboots += 1
                self._end(board, board.heard_at, "rebooted")
            board.clock = clock
        board.door = board.door if door == DETECTION and board.door else door
        board.name, board.heard_at = name or board.name, now
        board.messages += 1
        if board.session is None:
            board.begin(now)

    def connected(self, address: str, socket: WebSocket) -> None:
        """A WebSocket has proved that it is this board's."""
        now = self._now()
        board = self._board(address, now)
        if board is None:
            return
        board.sockets.add(socket)
        board.door, board.heard_at = "websocket", now
        if board.session is None:
            board.begin(now)

    def disconnected(self, address: str, socket: WebSocket) -> None:
        """A board's WebSocket has ended; with its last one its session has. Of a socket that was none it does nothing."""
        board = self._boards.get(address)
        self._waiting.pop(socket, None)
        if board is None or socket not in board.sockets:
            return
        board.sockets.discard(socket)
        if not board.sockets and board.session is not None:
            self._end(board, self._now(), "disconnected")

    def watch(self) -> None:
        """End the sessions of boards that were silent for too long; called every few seconds."""
        limit = self._now() - self._gap_seconds
        for board in self._boards.values():
            if board.session is not None and not board.sockets and board.heard_at < limit:
                self._end(board, board.heard_at, "silent")

    def tell(self, message: dict[str, Any], address: str | None = None) -> int:
        """Send JSON to every board that has a WebSocket, or to the one at `address`; how many boards that are. Never waits: a stalled board loses old messages."""
        framed = prepare(encode_text(message))
        told = 0
        for board in list(self._boards.values()):
            if address is not None and board.address != address:
                continue
            told += bool(board.sockets)
            for socket in board.sockets:
                waiting = self._waiting.get(socket)
                if waiting is None:
                    self._waiting[socket] = deque([framed], maxlen=WAITING_MESSAGES)
                    self._spawn(f"message to board {board.address}", self._send, socket)
                else:
                    waiting.append(framed)
        return told

    def _send(self, socket: WebSocket) -> None:
        try:
            while waiting := self._waiting.get(socket):
                socket.send(waiting.popleft(), timeout=SEND_SECONDS)
        except WebSocketClosed:
            pass  # its door ends with it, and says so by disconnected()
        finally:
            self._waiting.pop(socket, None)

    def _board(self, address: str, now: float) -> Board | None:
        board = self._boards.get(address)
        if board is None:
            if len(self._boards) >= MAX_BOARDS and not self._make_room():
                return None
            board = self._boards[address] = Board(address, now)
        return board

    def _make_room(self) -> bool:
        idle = [board for board in self._boards.values() if not board.sockets]
        if not idle:
            return False
        oldest = min(idle, key=lambda board: board.heard_at)
        if oldest.session is not None:
            self._end(oldest, oldest.heard_at, "silent")
        del self._boards[oldest.address]
        return True

    def _end(self, board: Board, when: float, reason: str) -> None:
        session = board.end(when, reason)
        if board.door != DETECTION:
            self._closed.append(session)

    def _here(self) -> list[Board]:
        """Boards with a session; a camera that the hub only looks at itself is none."""
        self.watch()
        return [board for board in self._boards.values() if board.session is not None and board.door != DETECTION]

    # -- what is shown

    @property
    def esp32_connected(self) -> bool:
        """True while any board has a session (docs/wire/apriltag.md 2.3, its flaws mended: of every door and of several boards)."""
        return bool(self._here())

    def uptime(self) -> dict[str, Any]:
        """The body of /connection_uptime: of the board that is here for the longest time, and of each under `boards`."""
        return uptime_body(self._here(), self._now(), self._stale_seconds)

    def history(self) -> dict[str, Any]:
        """The body of /connection_history: the last closed sessions, oldest first."""
        self.watch()
        return history_body(list(self._closed), self._started, self._zone)

    def status(self) -> list[dict[str, Any]]:
        """Every board for the pages, the one heard last first."""
        self.watch()
        now = self._now()
        rows = sorted(self._boards.values(), key=lambda board: -board.heard_at)
        return [
            {
                "address": board.address,
                "name": board.name,
                "door": board.door,
                "state": board.state(now, self._stale_seconds),
                "sockets": len(board.sockets),
                "messages": board.messages,
                "reboots": board.reboots,
                "heard_at": utc_text(board.heard_at),
                "silent_seconds": round(max(0.0, now - board.heard_at), 1),
                "since": utc_text(board.session.began) if board.session is not None else None,
                "clock_ms": board.clock,
            }
            for board in rows
        ]
