"""The client of one tracking session: statuses and matches go to it through a bounded queue."""

from __future__ import annotations

import logging
from typing import Any

from hub.contract.json_text import encode_text
from hub.live.queues import DisconnectWhenFull, QueueFull
from hub.live.sender import Sender
from hub.net.transport import PeerStalled
from hub.runtime.budget import Budget
from hub.runtime.spawn import Spawn
from hub.tracking.contract import replies
from hub.websocket.connection import WebSocket, prepare
from hub.websocket.frames import TRY_LATER

log = logging.getLogger(__name__)

QUEUE = 200  # messages
STALL_SECONDS = 20.0


class Peer:
    """Sends messages in their order, and never waits for the client; one that reads too slowly is disconnected."""

    def __init__(
        self, socket: WebSocket, session_id: str, spawn: Spawn, queue_bytes: int, budget: Budget | None
    ) -> None:
        self._session_id = session_id
        self._sender = Sender(socket, DisconnectWhenFull(QUEUE, queue_bytes, budget), STALL_SECONDS)
        self._queue: DisconnectWhenFull = self._sender.queue  # type: ignore[assignment]
        spawn(f"tracking session {session_id}", self._run)

    def status(self, name: str, message: str = "") -> None:
        """Send a status."""
        self._put(replies.status(self._session_id, name, message))

    def matches(self, found: list[dict[str, Any]], frame_info: dict[str, Any], **more: Any) -> None:
        """Send the matches of one picture."""
        self._put({**replies.matches(self._session_id, found, frame_info), **more})

    def dismiss(self, code: int, reason: str) -> None:
        """Close the connection once what is being sent has gone out."""
        self._sender.dismiss(code, reason)

    def end(self) -> None:
        """Send nothing more."""
        self._sender.end()
        self._queue.clear()

    def _put(self, message: dict[str, Any]) -> None:
        if self._sender.ended:
            return
        try:
            self._queue.put(None, prepare(encode_text(message)))
        except QueueFull as error:
            log.info("The tracking session %s is disconnected: %s.", self._session_id, error)
            self._queue.clear()
            self._sender.dismiss(TRY_LATER, "messages were not read")

    def _run(self) -> None:
        try:
            self._sender.run()
        except PeerStalled as error:
            log.info("The tracking session %s is disconnected: its client %s.", self._session_id, error)
