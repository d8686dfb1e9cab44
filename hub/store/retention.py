"""Old rows expire, a few at a time so that nobody waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal

import gevent

from hub.runtime.supervisor import Supervisor
from hub.store.writer import StoreBusy, Transaction, Writer

log = logging.getLogger(__name__)

Table = Literal["lpr_health", "tag_readings"]
CHUNK = 500
DELETE = "DELETE FROM {table} WHERE seq IN (SELECT seq FROM {table} WHERE received_at < :limit ORDER BY received_at LIMIT :chunk)"
DAY = 86_400.0
INTERVAL_SECONDS = 3600.0


def delete_expired(writer: Writer, table: Table, days: int, now: Callable[[], float] = time.time) -> int:
    """Delete rows that were received more than `days` ago; how many were deleted. Raises StoreBusy."""
    statement = DELETE.format(table=table)
    total = 0
    while True:

        def job(transaction: Transaction) -> int:
            return transaction.execute(statement, {"limit": now() - days * DAY, "chunk": CHUNK}).rowcount

        deleted = writer.write(job)
        total += deleted
        if deleted < CHUNK:
            return total


def keep_retention(supervisor: Supervisor, writer: Writer, table: Table, days: int) -> None:
    """Delete expired rows of a table now and every hour."""
    supervisor.keep(f"retention of {table}", _run, writer, table, days)


def _run(writer: Writer, table: Table, days: int) -> None:
    while True:
        try:
            delete_expired(writer, table, days)
        except StoreBusy as error:
            log.info("Expired rows of %s stay for another hour: %s", table, error)
        gevent.sleep(INTERVAL_SECONDS)
