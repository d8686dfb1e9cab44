"""Stores each ring once, publishes it, lists the newest. Knows neither requests nor sockets."""

from __future__ import annotations

import time
import uuid
from typing import Any

from sqlalchemy import bindparam, insert, select

from hub.contract.times import utc_text
from hub.doorbell.contract import Ring
from hub.doorbell.tables import DoorbellRing
from hub.live.bus import Bus
from hub.store.database import Reader, compiled
from hub.store.writer import Transaction, Writer

RING_STORED = "ring stored"  # the ring as shown
COLUMNS = [column.name for column in DoorbellRing.__table__.columns if column.name != "seq"]
INSERT = compiled(insert(DoorbellRing).values(dict.fromkeys(COLUMNS)))[0]
SAME_RING = (DoorbellRing.bell == bindparam("bell"), DoorbellRing.event_id == bindparam("event_id"))
FIND = compiled(select(DoorbellRing.id).where(*SAME_RING))[0]


class Doorbells:
    """The service of doorbells; every transport calls `accept`."""

    def __init__(self, writer: Writer, reader: Reader, bus: Bus) -> None:
        self._writer, self._reader, self._bus = writer, reader, bus

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
            before = transaction.one(FIND, {"bell": ring.bell, "event_id": ring.event_id})
            if before is None:
                transaction.execute(INSERT, row)
            return str(row["id"] if before is None else before["id"])

        stored_id = self._writer.write(job)
        reply = {"success": True, "message": "Ring received", "id": stored_id, "warnings": ring.warnings}
        if stored_id != row["id"]:
            return {**reply, "duplicate": True}
        self._bus.publish(RING_STORED, _public(row))
        return reply

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest rings as shown, the newest first."""
        rows = self._reader.all(select(DoorbellRing.__table__).order_by(DoorbellRing.seq.desc()).limit(limit))
        return [_public(dict(row)) for row in rows]


def _public(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "bell": row["bell"],
        "timestamp": row["timestamp"],
        "rang_at": utc_text(row["rang_at"]),
        "received_at": utc_text(row["received_at"]),
    }
