"""The audit log: who changed what, written behind, so that no change waits for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson

from hub.accounts.audit_repository import AUDIT_LOG, AuditRepository, Query
from hub.contract.bounds import Limits, bounded
from hub.contract.roles import Principal
from hub.contract.text import clean
from hub.contract.times import utc_text
from hub.runtime.offload import offload
from hub.store.backend import Row
from hub.store.write_behind import QueueLimits, WriteBehind
from hub.store.writer import StoreBusy, Writer

log = logging.getLogger(__name__)

QUEUE = QueueLimits(rows=5000, bytes=8 * 1024 * 1024, batch_rows=200, batch_bytes=1024 * 1024)
DETAIL = Limits(depth=4, key=60, text=500, items=50, size=4096)
MAX_TEXT = 200  # characters of each other column
ROW_BYTES = 400


class AuditLog:
    """`record()` never blocks and never raises; `run()` writes. Implements `hub.contract.audit.Audit`."""

    def __init__(self, writer: Writer, repository: AuditRepository, now: Callable[[], float] = time.time) -> None:
        self._repository, self._now = repository, now
        self._elsewhere: list[Callable[[], object]] = []
        self._queue: WriteBehind[dict[str, Any]] = WriteBehind("audit entries", writer, repository.insert_job, QUEUE)

    def record(
        self,
        principal: Principal,
        action: str,
        target: str = "",
        detail: Mapping[str, Any] | None = None,
        address: str = "",
    ) -> None:
        """Record that `principal` did `action` to `target`; `detail` is cut to a few KB of JSON."""
        row = entry(self._now(), principal, action, target, detail, address)
        log.info("%s by %s (%s) from %s: %s", row["action"], row["who"], row["kind"], row["address"], row["target"])
        self._queue.add(row, ROW_BYTES + len(row["detail"]))

    def newest_of(self, *actions: str) -> dict[str, Any] | None:
        """The newest entry with one of these actions, those that wait to be written included. Raises Unavailable."""
        self._queue.flush()
        found = self._repository.unreadable.readable(self._repository.newest_of(actions), dict, AUDIT_LOG)
        return found[0] if found else None

    def on_elsewhere(self, notify: Callable[[], object]) -> None:
        """Call `notify` when another hub has recorded something."""
        self._elsewhere.append(notify)

    def elsewhere(self) -> None:
        """Another hub has recorded something. Raises Unavailable or DatabaseError."""
        for notify in self._elsewhere:
            notify()

    def run(self) -> None:
        """The writing greenlet."""
        self._queue.run()

    def close(self) -> None:
        """Write the pending entries."""
        self._queue.close()

    def newest(self, query: Query) -> tuple[list[dict[str, Any]], int | None]:
        """Entries as shown, the newest first, pending ones among them; the cursor of older ones. Raises Unavailable."""
        with suppress(StoreBusy):  # stored entries are found all the same
            self._queue.flush()
        rows = self._repository.page(query)
        return offload(self._repository.unreadable.page, rows, query.limit, _shown, AUDIT_LOG)

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return self._queue.status()

    def warnings(self) -> list[str]:
        """A sentence for the operator while entries are not stored."""
        if not self._queue.losing:
            return []
        return [f"{self._queue.lost} entries of the audit log were not stored since the start. Check the disk."]


def entry(
    now: float, principal: Principal, action: str, target: str, detail: Mapping[str, Any] | None, address: str
) -> dict[str, Any]:
    """The columns of an entry, each bounded."""
    kept = bounded({str(key): value for key, value in (detail or {}).items()}, "", [], DETAIL)
    return {
        "received_at": now,
        "who": _short(principal.name),
        "kind": principal.kind,
        "address": _short(address),
        "action": _short(action),
        "target": _short(target),
        "detail": orjson.dumps(kept).decode(),
    }


def _short(text: object) -> str:
    return clean(text)[:MAX_TEXT]


def _shown(row: Row) -> dict[str, Any]:
    """An entry as the API shows it."""
    return {
        "id": row["seq"],
        "received_at": utc_text(row["received_at"]),
        "who": row["who"],
        "kind": row["kind"],
        "address": row["address"],
        "action": row["action"],
        "target": row["target"],
        "detail": orjson.loads(row["detail"]),
    }
