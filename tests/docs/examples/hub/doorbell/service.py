"""Stores each ring once, publishes it, lists the newest. Knows neither requests nor sockets."""

from __future__ import annotations

import time
import uuid
from typing import Any

from hub.contract.times import utc_text
from hub.doorbell.contract import Ring
from hub.doorbell.repository import RingRepository
from hub.live.bus import Bus
from hub.store.backend import Row
from hub.store.transaction import Transaction
from hub.store.writer import Writer

RING_STORED = "ring stored"  # the ring as shown


class Doorbells:
    """The service of doorbells; every transport calls `accept`."""

    def __init__(self, writer: Writer, repository: RingRepository, bus: Bus) -> None:
        self._writer, self._repository, self._bus = writer, repository, bus

    def accept(self, ring: Ring) -> dict[str, Any]:
        """Store a ring once; the reply to its sender, after the commit. Raises StoreBusy."""
        row = {
            "id": str(uuid.uuid4()),
            "bell": ring.bell,
            "event_id": ring.event_id,
            "timestamp": ring.timestamp,
            "rang_at": ring.rang_at,
            "received_at": time.time(),
        }

        def job(transaction: Transaction) -> str:
            before = self._repository.find_event(transaction, ring.bell, ring.event_id)
            if before is None:
                self._repository.insert_ring(transaction, row)
            return str(row["id"] if before is None else before["id"])

        stored_id = self._writer.write(job)
        reply = {"success": True, "message": "Ring received", "id": stored_id, "warnings": ring.warnings}
        if stored_id != row["id"]:
            return {**reply, "duplicate": True}
        self._bus.publish(RING_STORED, _public(row))
        return reply

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest rings as shown, the newest first."""
        return [_public(row) for row in self._repository.newest(limit)]


def _public(row: dict[str, Any] | Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "bell": row["bell"],
        "timestamp": row["timestamp"],
        "rang_at": utc_text(row["rang_at"]),
        "received_at": utc_text(row["received_at"]),
    }
