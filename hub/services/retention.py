"""Old rows go, a few at a time so that nobody waits: health reports (the newest of each component stays with its camera), readings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from ..store.writer import Transaction, Writer

CHUNK = 500
DELETE = "DELETE FROM {table} WHERE seq IN (SELECT seq FROM {table} WHERE received_at < :limit ORDER BY received_at LIMIT :chunk)"
DAY = 86_400.0


def forget_old(writer: Writer, days: int, now: Callable[[], float] = time.time, table: Literal["lpr_health", "tag_readings"] = "lpr_health") -> int:
    """Delete rows that were received more than `days` ago; how many went."""
    statement = DELETE.format(table=table)
    gone = 0
    while True:
        def job(transaction: Transaction) -> int:
            return transaction.execute(statement, {"limit": now() - days * DAY, "chunk": CHUNK}).rowcount

        deleted = writer.write(job)
        gone += deleted
        if deleted < CHUNK:
            return gone
