"""Stored AprilTag readings: thinned by a setting, written behind in group commits, found again page by page."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import gevent
import orjson
from gevent.event import Event
from gevent.lock import Semaphore
from sqlalchemy import select, tuple_

from hub.apriltag.contract.reading import Reading
from hub.apriltag.tables import TagReadingRow
from hub.contract.times import utc_text
from hub.store.database import Reader
from hub.store.writer import StoreBusy, Transaction, Writer

log = logging.getLogger(__name__)

MAX_WAITING = 20_000
MAX_WAITING_BYTES = 32 * 1024 * 1024
MAX_THINNED = 10_000  # boards and tags whose last stored reading is remembered
BATCH = 500
BATCH_BYTES = 1024 * 1024
GATHER_SECONDS = 0.1  # readings of this time go into one commit
RETRY_SECONDS = 2.0
COLUMNS = [column.name for column in TagReadingRow.__table__.columns if column.name != "seq"]
FIELDS = [f"json_extract(value, '$[{place}]')" for place in range(len(COLUMNS))]
INSERT = f"INSERT INTO tag_readings ({', '.join(COLUMNS)}) SELECT {', '.join(FIELDS)} FROM json_each(:rows)"


@dataclass(frozen=True)
class Query:
    """Which readings: None is any. Times are epoch seconds of receipt; `before`: the last row of the page before (the cursor)."""

    limit: int = 50
    before: int | None = None
    tag: int | None = None
    board: str | None = None
    since: float | None = None
    until: float | None = None


class Readings:
    """`keep()` never waits; `run()` writes."""

    def __init__(
        self, writer: Writer, reader: Reader, per_second: float = 0.0, now: Callable[[], float] = monotonic
    ) -> None:
        self._writer, self._reader, self._now = writer, reader, now
        self._pause = 1.0 / per_second if per_second else 0.0
        self._due: OrderedDict[tuple[str, int | None], float] = OrderedDict()
        self._waiting: deque[list[Any]] = deque()  # rows in the order of COLUMNS, the payload last
        self._waiting_bytes = 0
        self._wake, self._lock = Event(), Semaphore(1)
        self.stored = self.thinned = self.lost = 0

    def keep(self, reading: Reading, board: str, door: str, source: str | None, received_at: float) -> None:
        """Store a reading soon, unless one of the same board and tag was a moment ago."""
        if self._pause and not self._is_due((board, reading.tag_id)):
            self.thinned += 1
            return
        payload = orjson.dumps(reading.payload).decode()
        if len(self._waiting) >= MAX_WAITING or self._waiting_bytes + len(payload) > MAX_WAITING_BYTES:
            if not self.lost:
                log.error(
                    "%d readings wait to be stored, as many as there is room for; new ones are not stored until there is.",
                    len(self._waiting),
                )
            self.lost += 1
            return
        self._waiting.append([board, reading.tag_id, received_at, reading.clock, door, source or "", payload])
        self._waiting_bytes += len(payload)
        self._wake.set()

    def _is_due(self, key: tuple[str, int | None]) -> bool:
        now = self._now()
        if now < self._due.get(key, now):
            return False
        self._due[key] = now + self._pause
        self._due.move_to_end(key)
        if len(self._due) > MAX_THINNED:
            self._due.popitem(last=False)
        return True

    def run(self) -> None:
        """The writing greenlet: what gathers for a moment goes into one commit."""
        while True:
            self._wake.wait()
            self._wake.clear()
            gevent.sleep(GATHER_SECONDS)
            try:
                self.flush()
            except StoreBusy as error:
                log.warning("Readings wait to be stored: %s", error)
                gevent.sleep(RETRY_SECONDS)
                self._wake.set()

    def flush(self) -> None:
        """Write what waits now. Raises StoreBusy; the readings then wait on."""
        with self._lock:
            end = len(self._waiting)
            while end > 0:
                rows, size = self._batch(end)

                def job(transaction: Transaction, text: str = orjson.dumps(rows).decode()) -> None:
                    transaction.execute(INSERT, {"rows": text})

                self._writer.write(job, size)
                for _ in rows:
                    self._waiting.popleft()
                self._waiting_bytes -= size
                end -= len(rows)
                self.stored += len(rows)

    def _batch(self, end: int) -> tuple[list[list[Any]], int]:
        """The first rows that wait, at least one, and the bytes of their payloads."""
        rows: list[list[Any]] = []
        size = 0
        while len(rows) < min(BATCH, end) and (not rows or size + len(self._waiting[len(rows)][-1]) <= BATCH_BYTES):
            size += len(self._waiting[len(rows)][-1])
            rows.append(self._waiting[len(rows)])
        return rows, size

    def find(self, query: Query) -> tuple[list[dict[str, Any]], int | None]:
        """The newest readings that match, newest first, those that wait to be written among them; the cursor of the older ones."""
        with suppress(StoreBusy):  # what is stored can be found all the same
            self.flush()
        table = TagReadingRow
        filters = (
            (query.tag, table.tag_id.__eq__),
            (query.board, table.board.__eq__),
            (query.since, table.received_at.__ge__),
            (query.until, table.received_at.__le__),
        )
        conditions = [compare(wanted) for wanted, compare in filters if wanted is not None]
        order = (table.received_at, table.seq)
        if query.before is not None:
            last = self._reader.all(select(*order).where(table.seq == query.before))
            if not last:
                return [], None  # its page was the oldest, and has been forgotten since
            conditions.append(tuple_(*order) < tuple_(*last[0]))
        rows = self._reader.all(
            select(table.__table__)
            .where(*conditions)
            .order_by(*(column.desc() for column in order))
            .limit(query.limit + 1)
        )
        shown = [self._shown(row) for row in rows[: query.limit]]
        return shown, rows[query.limit - 1]["seq"] if len(rows) > query.limit else None

    @staticmethod
    def _shown(row: Any) -> dict[str, Any]:
        return {
            **orjson.loads(row["payload"]),
            "id": row["seq"],
            "board": row["board"],
            "tag_id": row["tag_id"],
            "door": row["door"],
            "source": row["source"] or None,
            "received_at": utc_text(row["received_at"]),
            "server_timestamp": row["received_at"],
        }

    def status(self) -> dict[str, Any]:
        return {"stored": self.stored, "thinned": self.thinned, "waiting": len(self._waiting), "not_stored": self.lost}
