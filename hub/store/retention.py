"""Retention: deletes expired rows in chunks, so that records are stored in between."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import gevent
from sqlalchemy import Table, delete, func, select

from hub.contract.times import LATEST
from hub.runtime.supervisor import Supervisor
from hub.store.backend import Backend, Query
from hub.store.errors import DatabaseError
from hub.store.plausible_clock import PlausibleClock
from hub.store.reader import Reader
from hub.store.tables import db
from hub.store.transaction import Transaction
from hub.store.writer import StoreBusy, Writer

log = logging.getLogger(__name__)

CHUNK = 500
DAY = 86_400.0
INTERVAL_SECONDS = 3600.0


def delete_expired(
    writer: Writer, table: str, days: int, now: Callable[[], float] = time.time, chunk: int = CHUNK
) -> int:
    """Delete rows that were received more than `days` ago; how many were deleted. Raises StoreBusy.

    The table has the columns `seq` (its key) and `received_at` (epoch seconds). `chunk`: rows of one commit; few where
    rows are large, since what is deleted is overwritten.
    """
    total = 0
    while True:
        query = _delete_chunk(writer.backend, db.metadata.tables[table], now() - days * DAY, chunk)

        def job(transaction: Transaction, query: Query = query) -> int:
            return transaction.execute(query.sql, query.params).rowcount

        deleted = writer.write(job)
        total += deleted
        if deleted < chunk:
            return total


def _delete_chunk(backend: Backend, table: Table, limit: float, chunk: int) -> Query:
    """DELETE of the oldest `chunk` rows that were received before `limit`."""
    seq, received_at = table.columns.seq, table.columns.received_at
    expired = select(seq).where(received_at < limit).order_by(received_at).limit(chunk)
    return backend.compile(delete(table).where(seq.in_(expired)))


def keep_retention(
    supervisor: Supervisor,
    writer: Writer,
    table: str,
    days: int,
    clock: PlausibleClock,
    reader: Reader,
    chunk: int = CHUNK,
) -> None:
    """Delete expired rows of a table now and every hour, unless the clock has jumped."""
    supervisor.keep(f"retention of {table}", _run, writer, table, days, clock, reader, chunk)


def _run(writer: Writer, table: str, days: int, clock: PlausibleClock, reader: Reader, chunk: int) -> None:
    while True:
        expire(writer, table, days, clock, reader, chunk)
        gevent.sleep(INTERVAL_SECONDS)


def expire(writer: Writer, table: str, days: int, clock: PlausibleClock, reader: Reader, chunk: int = CHUNK) -> int:
    """Delete expired rows of a table, unless the clock has jumped; how many were deleted."""
    try:
        if clock.trusted(table, days, lambda: _newest(reader, table)):
            return delete_expired(writer, table, days, clock.now, chunk)
    except (StoreBusy, DatabaseError) as error:
        log.info("Expired rows of %s stay for another hour: %s", table, error)
    return 0


def _newest(reader: Reader, table: str) -> float | None:
    """When the newest row of a table was received, rows with impossible times left out."""
    received_at = db.metadata.tables[table].columns.received_at
    rows = reader.all(select(func.max(received_at).label("newest")).where(received_at < LATEST))
    newest: float | None = rows[0]["newest"]
    return newest
