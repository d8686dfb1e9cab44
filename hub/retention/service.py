"""Deletes what expires, in small steps between the records that arrive, and shows beforehand what would go."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import Semaphore

from hub.contract.errors import RequestError
from hub.contract.times import LATEST, utc_text
from hub.retention.plan import KindPlan, Plan, Planner
from hub.retention.report import kind_report, plan_report, size_text
from hub.retention.repository import ExpiringRows, RetentionRepository
from hub.retention.usage import Usage, UsageMeter
from hub.store.errors import DatabaseError
from hub.store.expiring import Expiring
from hub.store.pace import PacedWriter
from hub.store.plausible_clock import PlausibleClock
from hub.store.writer import Writer

log = logging.getLogger(__name__)

FIRST_SECONDS = 10.0  # after the start, so that stations and cameras come first
RUN_SECONDS = 3600.0
CHECK_SECONDS = 30.0  # between two looks at the budget
PREVIEW_SECONDS = 5.0  # a preview that is younger is shown again
ROUNDS = 20  # of one run: estimates of what a row takes are corrected by measuring again
FILES_AT_ONCE = 200
COUNT_PAUSE = 0.05
TROUBLE = (RequestError, DatabaseError, OSError)


class Retention:
    """`run()` deletes; `preview()` says what it would delete; `wake()` lets it look now."""

    def __init__(
        self,
        writer: Writer,
        repository: RetentionRepository,
        planner: Planner,
        meter: UsageMeter,
        clock: PlausibleClock,
        kinds: Sequence[Expiring],
    ) -> None:
        self._writer, self._repository, self._planner, self._meter = writer, repository, planner, meter
        self._clock, self._kinds = clock, kinds
        self._steps = {kind.name: PacedWriter(writer, kind.max_rows) for kind in kinds}
        self._running, self._previewing = Semaphore(1), Semaphore(1)
        self._wake = Event()
        self._preview: tuple[float, dict[str, Any]] | None = None
        self._records: Counter[str] = Counter()  # deleted since the start, by kind
        self._bytes: Counter[str] = Counter()
        self._totals: dict[str, dict[str, Any]] = {}
        self._stuck: Usage | None = None  # what is used although nothing more may go
        self.last_error = ""

    def load(self) -> None:
        """Load the totals of earlier runs; raises nothing that stops a start."""
        try:
            rows = self._repository.totals()
        except TROUBLE as error:
            log.warning("What was deleted until now cannot be read: %s", error)
            return
        self._totals = {row["kind"]: dict(row) for row in rows}

    def run(self) -> None:
        """The greenlet: every hour, when it is woken, and whenever the budget is used up."""
        due = 0.0
        self._wake.wait(FIRST_SECONDS)
        while True:
            hourly, woken = monotonic() >= due, self._wake.is_set()
            self._wake.clear()
            if hourly:
                self._count_pictures()
            try:
                if hourly or woken or self._over_budget():
                    self.run_once()
                self.last_error = ""
            except TROUBLE as error:
                self.last_error = str(error)
                log.warning("Expired records stay for a while: %s", error)
            if hourly:
                due = monotonic() + RUN_SECONDS
            self._wake.wait(CHECK_SECONDS)

    def wake(self) -> None:
        """Delete now what may go: the disk is nearly full."""
        self._wake.set()

    def _over_budget(self) -> bool:
        return bool(self._planner.budget) and self._meter.measure().total > self._planner.budget

    def _count_pictures(self) -> None:
        """Fill in the bytes of pictures of rows of older versions, some at a time."""
        for kind in self._kinds:
            try:
                while kind.belongings is not None and kind.belongings.count_pictures():
                    gevent.sleep(COUNT_PAUSE)
            except TROUBLE as error:
                log.warning("The pictures of stored %s are not counted yet: %s", kind.name, error)

    def run_once(self) -> int:
        """Delete what expires now; how many records. Raises RequestError, DatabaseError or OSError."""
        with self._running:
            before, total = Counter(self._records), 0
            try:
                for _ in range(ROUNDS):
                    plan = self._plan(self._trusted)
                    deleted = sum(self._delete(made) for made in plan.kinds)
                    self._reclaim()
                    total += deleted
                    self._stuck = plan.usage if plan.over and not deleted else None
                    if not deleted or not plan.over:
                        break
            finally:
                self._finish(self._records - before)
            return total

    def _plan(self, held: Callable[[ExpiringRows], float | None]) -> Plan:
        return self._planner.plan(self._meter.measure(), held)

    def _trusted(self, rows: ExpiringRows) -> float | None:
        table, days = str(rows.kind.table.name), rows.kind.days
        if self._clock.trusted(table, days, lambda: rows.newest(LATEST)):
            return None
        return self._clock.ahead(table, days) or 0.0

    def _ahead(self, rows: ExpiringRows) -> float | None:
        return self._clock.ahead(str(rows.kind.table.name), rows.kind.days)

    def _delete(self, made: KindPlan) -> int:
        """Delete the rows of a plan in steps, each a part of some commit; how many. Raises StoreBusy."""
        kind, total = made.kind, 0
        steps = self._steps[kind.name]
        while made.share.records:
            asked = steps.items
            step = steps.write(self._repository.step_job(kind, made.cut, asked))
            if step.records:
                total += step.records
                self._records[kind.name] += step.records
                self._bytes[kind.name] += step.picture_bytes + step.records * made.row_bytes
                if kind.belongings is not None:
                    kind.belongings.expired(step.records)
            if step.records < asked:
                break
        return total

    def _reclaim(self) -> None:
        """Give back the space of files of which records have expired."""
        after = ""
        while files := self._repository.files(after, FILES_AT_ONCE):
            after = max(files)
            for kind in self._kinds:
                owner = kind.belongings
                mine = [name for name in files if owner is not None and owner.owns(name)]
                if owner is not None and mine and (done := owner.reclaim(mine)):
                    self._writer.write(self._repository.finish_job(done))

    def _finish(self, deleted: Counter[str]) -> None:
        """Log and store what a run has deleted."""
        if not deleted:
            return
        self._preview = None
        now, parts = time.time(), []
        for name, records in deleted.items():
            size = self._bytes[name] - self._totals.get(name, {}).get("counted", 0)
            before = self._totals.get(name, {"records": 0, "bytes": 0})
            self._totals[name] = {
                "kind": name,
                "records": before["records"] + records,
                "bytes": before["bytes"] + size,
                "last_at": now,
                "last_records": records,
                "last_bytes": size,
                "counted": self._bytes[name],
            }
            parts.append(f"{records} {name} ({size_text(size)})")
        log.info("Retention has deleted %s.", ", ".join(parts))
        rows = [{key: value for key, value in self._totals[name].items() if key != "counted"} for name in deleted]
        self._writer.write(self._repository.totals_job(rows))

    def preview(self) -> dict[str, Any]:
        """What would go now, kind by kind, and what has gone. Raises RequestError, DatabaseError or OSError."""
        with self._previewing:
            if self._preview is None or monotonic() - self._preview[0] > PREVIEW_SECONDS:
                plan = self._plan(self._ahead)
                shown = plan_report(plan, self._planner.budget)
                shown["kinds"] = [kind_report(made, self._planner.rows[made.kind.name]) for made in plan.kinds]
                self._preview = monotonic(), shown
            shown = self._preview[1]
        kinds = [{**each, **self._deleted(each["kind"])} for each in shown["kinds"]]
        return {**shown, "kinds": kinds, "running": self._running.locked(), "last_error": self.last_error}

    def _deleted(self, kind: str) -> dict[str, Any]:
        total = self._totals.get(kind, {})
        last_at = total.get("last_at")
        return {
            "last_run": {
                "at": utc_text(last_at) if last_at else None,
                "records": total.get("last_records", 0),
                "bytes": total.get("last_bytes", 0),
            },
            "since_start": {"records": self._records[kind], "bytes": self._bytes[kind]},
            "total": {"records": total.get("records", 0), "bytes": total.get("bytes", 0)},
        }

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "running": self._running.locked(),
            "deleted": dict(self._records),
            "longest_statements_ms": round(max(steps.longest_work_ms for steps in self._steps.values()), 1),
            "longest_step_ms": round(max(steps.longest_ms for steps in self._steps.values()), 1),
            "last_error": self.last_error,
        }

    def warnings(self) -> list[str]:
        """A sentence for the operator where the budget cannot be kept."""
        if self._stuck is None:
            return []
        return [
            f"The hub's data takes {size_text(self._stuck.total)}, more than retention.max_gb allows "
            f"({size_text(self._planner.budget)}), and what is left is protected or outside the budget. Take the "
            "protection from records that may go, or raise retention.max_gb."
        ]
