"""What the Engine.IO sessions of one server may make the hub hold, and what happens to those that break a rule."""

from __future__ import annotations

import logging
from typing import Any

from hub.runtime.budget import Budget
from hub.runtime.log_throttle import LogThrottle
from hub.socketio.outgoing import OutgoingPackets

log = logging.getLogger(__name__)

LOG_SECONDS = 60.0


class SessionGuard:
    """Makes the bounded queues of sessions, and counts malformed packets and sessions that were ended.

    Anybody can send thousands of malformed packets, so they are logged in one line a minute.
    """

    def __init__(self, outgoing: Budget, max_queue_bytes: int) -> None:
        self._outgoing, self._max_queue_bytes = outgoing, max_queue_bytes
        self.malformed = self.ended = 0
        self._malformed_log, self._ended_log = LogThrottle(LOG_SECONDS), LogThrottle(LOG_SECONDS)

    def make_queue(self) -> OutgoingPackets:
        """The queue of outgoing packets of a new session."""
        return OutgoingPackets(self._max_queue_bytes, self._outgoing)

    def note_malformed(self, peer: str, reason: object) -> None:
        """Count a packet of `peer`; `reason` says what is wrong with it, in words of the hub or of a library."""
        self.malformed += 1
        if self._malformed_log.due():
            log.warning("Malformed Socket.IO packet of %s: %.200r (%d so far).", peer, str(reason), self.malformed)

    def note_ended(self, peer: str, reason: str) -> None:
        """Count a session that the hub has ended."""
        self.ended += 1
        if self._ended_log.due():
            log.warning("A Socket.IO connection of %s is ended: %s (%d so far).", peer, reason, self.ended)

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {"malformed_packets": self.malformed, "ended_connections": self.ended}
