"""Judges visits again when the register of vehicles has changed: those that wait, and those of recent time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

from hub.contract.visits import REGISTER
from hub.live.events import RegisterChanged
from hub.runtime.log_throttle import LogThrottle
from hub.runtime.time_slice import TimeSlice
from hub.store.backend import Row
from hub.visits.assessment import Assessment, Found
from hub.visits.parts import UNAVAILABLE
from hub.visits.repository import VisitRepository
from hub.visits.service import RETRY_SECONDS, VisitService
from hub.visits.visit import Cause, Visit

log = logging.getLogger(__name__)

RECENT_SECONDS = 86_400.0
MAX_WAITING, MAX_RECENT = 500, 2000  # visits that one change judges again, the newest of them
STEP = 20  # visits that are judged at once
START_SECONDS = 10.0  # after the start what changed just before the end is judged, too
MAX_NAMES = 3  # of those who have changed the register meanwhile


class Rejudging:
    """One greenlet; what changes while it judges is judged in one more run, however many changes there were."""

    def __init__(
        self,
        visits: VisitService,
        repository: VisitRepository,
        assessment: Assessment,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._visits, self._repository, self._assessment, self._now = visits, repository, assessment, now
        self._wake = Event()
        self._by: dict[str, None] = {}  # who has changed the register, in the order of the changes
        self._throttle = LogThrottle(60.0)
        self.runs = self.changed = 0
        self.problem = ""

    def on_change(self, event: RegisterChanged) -> None:
        """The register has changed. Never blocks."""
        if len(self._by) < MAX_NAMES:
            self._by[event.by] = None
        self._wake.set()

    def run(self) -> None:
        """The greenlet."""
        self._wake.wait(START_SECONDS)
        while True:
            self._wake.clear()
            by, self._by = self._by, {}
            try:
                self._judge(Cause(REGISTER, ", ".join(by)))
                self.runs, self.problem = self.runs + 1, ""
            except UNAVAILABLE as error:
                self._by, self.problem = {**by, **self._by}, str(error)
                if self._throttle.due():
                    log.error("Visits wait to be judged again: %s", error)
                gevent.sleep(RETRY_SECONDS)
                continue
            self._wake.wait()

    def _judge(self, cause: Cause) -> None:
        """Judge visits of recent time, the newest first, then the older ones that wait."""
        last = self._judge_some(None, self._now() - RECENT_SECONDS, MAX_RECENT, cause, False)
        self._judge_some(last, 0.0, MAX_WAITING, cause, True)

    def _judge_some(self, before: int | None, since: float, most: int, cause: Cause, waiting: bool) -> int | None:
        """Judge visits older than the one with the seq `before`, as far as `since`; the seq of the last one.

        since: epoch seconds at which they were first stored. waiting: only those that wait.
        """
        for _ in range(most // STEP):
            began = time.monotonic()
            with self._visits.lock:
                rows = self._repository.newest(before, STEP, waiting)
                self._judge_rows([row for row in rows if row["received_at"] >= since], cause)
            recent = [row["seq"] for row in rows if row["received_at"] >= since]
            before = recent[-1] if recent else before
            if len(recent) < STEP:
                break
            gevent.sleep(time.monotonic() - began)  # others work for as long
        return before

    def _judge_rows(self, rows: list[Row], cause: Cause) -> None:
        """Judge stored visits that nobody has decided about, and store those with another verdict."""
        visits = [self._visits.canonical(visit) for visit in self._repository.visits_of(rows)]
        visits = [visit for visit in visits if visit.decision is None or visit.waits]
        states = {visit.id: visit.state for visit in visits}
        found, changed, time_slice = Found(), list[Visit](), TimeSlice()
        self._assessment.look_up((member.evidence for visit in visits for member in visit.members), found)
        for visit in visits:
            changed += self._assessment.judge([visit], found)
            time_slice.check()
        if not changed:
            return
        try:
            self._visits.save(changed, found, causes=dict.fromkeys(states, cause), states=states)
        except UNAVAILABLE:
            self._visits.forget()
            raise
        self.changed += len(changed)

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {"register_runs": self.runs, "judged_again": self.changed, "register_problem": self.problem}
