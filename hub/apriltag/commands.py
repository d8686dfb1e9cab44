"""Commands to AprilTag boards over their WebSockets, such as `set_video_interval` (docs/wire/apriltag.md 2.3)."""

from __future__ import annotations

from typing import Any, cast

from hub.apriltag.boards import Boards
from hub.contract.json_text import encode_text
from hub.live.queues import DropOldest
from hub.live.sender import Sender
from hub.net.transport import PeerStalled
from hub.runtime.spawn import Spawn, plain_spawn
from hub.websocket.connection import WebSocket, prepare

MAX_QUEUE = 8  # a board needs the newest commands only
SEND_SECONDS = 5.0


class BoardCommands:
    """Sends commands to boards. The connections that `boards` holds are the WebSockets given to it."""

    def __init__(self, boards: Boards, spawn: Spawn = plain_spawn) -> None:
        self._boards, self._spawn = boards, spawn
        self._queues: dict[object, DropOldest] = {}  # of connections that are being sent a command

    def send(self, message: dict[str, Any], address: str | None = None) -> int:
        """Queue JSON for every board that has a connection, or for the one at `address`; the number of boards.

        Never blocks: a stalled board loses old commands.
        """
        framed = prepare(encode_text(message))
        boards = self._boards.connections(address)
        for board, connections in boards.items():
            for connection in connections:
                queue = self._queues.get(connection)
                if queue is None:
                    queue = self._queues[connection] = DropOldest(MAX_QUEUE)
                    self._spawn(f"message to board {board}", self._send_to, connection, queue)
                queue.put(None, framed)
        return len(boards)

    def remove(self, connection: object) -> None:
        """Send nothing more to a connection that is no longer a board's."""
        queue = self._queues.pop(connection, None)
        if queue is not None:
            queue.clear()

    def _send_to(self, connection: object, queue: DropOldest) -> None:
        """A connection's greenlet, which ends when it has sent every command."""
        try:
            Sender(cast(WebSocket, connection), queue, SEND_SECONDS, idle_seconds=0.0).run()
        except PeerStalled:
            pass  # the connection is lost with it, and its handler reports that to `Boards`
        finally:
            if self._queues.get(connection) is queue:
                del self._queues[connection]
