"""Old health reports go; the newest of each component stays with its camera."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..store.writer import Transaction, Writer

CHUNK = 500
DELETE = "DELETE FROM lpr_health WHERE seq IN (SELECT seq FROM lpr_health WHERE received_at < :limit ORDER BY received_at LIMIT :chunk)"
DAY = 86_400.0


def forget_old(writer: Writer, days: int, now: Callable[[], float] = time.time) -> int:
    """Delete reports that were received more than `days` ago, a few at a time so that nobody waits; how many went."""
    gone = 0
    while True:
        def job(transaction: Transaction) -> int:
            return transaction.execute(DELETE, {"limit": now() - days * DAY, "chunk": CHUNK}).rowcount

        deleted = writer.write(job)
        gone += deleted
        if deleted < CHUNK:
            return gone
