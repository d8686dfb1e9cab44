"""Joins stored evidence to visits, in one greenlet, and finds single visits. Knows neither requests nor sockets."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import RLock

from hub.contract.errors import NotFound
from hub.contract.text import place_key
from hub.contract.visits import DETECTION
from hub.live.events import VehicleArrived, VehicleLeft, WeightSettled
from hub.runtime.log_throttle import LogThrottle
from hub.runtime.time_slice import TimeSlice
from hub.visits.assessment import Found
from hub.visits.checkpoints import Checkpoint
from hub.visits.correcting import Correcting
from hub.visits.evidence import Evidence
from hub.visits.intake import Batch
from hub.visits.joining import Joining, Rules
from hub.visits.pairing import Pairing
from hub.visits.parts import CONSUMER, UNAVAILABLE, Parts
from hub.visits.pauses import Pauses
from hub.visits.places import Places
from hub.visits.saving import NO_CAUSES, Saving
from hub.visits.sensed import Sensed
from hub.visits.visit import Cause, Member, Visit
from hub.visits.weighing import Weighing

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
POLL_SECONDS_OF_MANY = 0.5  # records of other hubs wake nobody here
RETRY_SECONDS = 2.0
MAX_SENSED = 1000
Sensing = VehicleArrived | VehicleLeft | WeightSettled


class VisitService:
    """One greenlet joins, judges, stores and publishes."""

    def __init__(
        self,
        parts: Parts,
        rules: Rules,
        net_seconds: float,
        keep_messages: bool,
        wanted: Callable[[], bool] = lambda: False,
        now: Callable[[], float] = time.time,
        leads: Callable[[], bool] = lambda: True,
        alone: bool = True,
    ) -> None:
        """`keep_messages`: whether each change is kept as a message, for MQTT; alerts are in any case, and verdicts
        while they are `wanted`, for rules.

        `leads`: whether records are joined at this hub; at others people only decide. `alone`: there are no others.
        """
        self._parts, self._rules, self._now, self._leads, self.poll_seconds = parts, rules, now, leads, POLL_SECONDS
        self._places = Places(parts.repository, rules)
        self._sensed, self._weighing = Sensed(rules), Weighing(rules, now)
        self._correcting = Correcting(self._places, rules, parts.assessment, self._beside)
        pairing = Pairing(parts.repository, self._places.canonical, self._find, net_seconds)
        self._saving = Saving(parts, pairing, keep_messages, wanted, now, alone)
        self._pending: deque[Sensing] = deque(maxlen=MAX_SENSED)
        self._wake = Event()
        self.lock = RLock()  # held while visits are changed
        self._started = self._closed = False
        self._throttle = LogThrottle(60.0)
        self.joined = self.left_out = 0
        self.problem = ""

    # -- the greenlet

    def wake(self, feed: str) -> None:
        """There is something new in a feed. Never blocks."""
        self._parts.intake.due.add(feed)
        self._wake.set()

    def sense(self, event: Sensing) -> None:
        """A vehicle arrived or left, or a scale has settled. Never blocks."""
        self._pending.append(event)
        self._wake.set()

    def start(self) -> None:
        """Load the positions. Raises DatabaseError or LaneBusy."""
        parts = self._parts
        self._saving.refresh()
        parts.intake.start(parts.positions.load(CONSUMER))
        at = dict(parts.intake.positions)
        parts.writer.write(lambda transaction: parts.positions.store(transaction, CONSUMER, at))
        self._started = True

    def begin(self) -> None:
        """This hub joins from now on: another one has stored visits meanwhile."""
        with self.lock:
            self._started, self.poll_seconds = False, POLL_SECONDS_OF_MANY
            self._places.forget()
            self._parts.intake.look_everywhere()
            self._wake.set()

    def elsewhere(self) -> None:
        """Another hub has stored visits. Raises DatabaseError or LaneBusy."""
        with self.lock:
            self._places.forget()
            self._saving.catch_up()

    def refresh(self) -> None:
        """Have visits loaded as they are now, where another hub joins; while `lock` is held.

        Raises DatabaseError or LaneBusy.
        """
        if not self._leads():
            self._places.forget()
            self._saving.refresh()

    def run(self) -> None:
        """The greenlet of visits."""
        pauses = Pauses(self._parts.writer, lambda: self._closed)
        while not self._closed:
            if not self._wake.wait(self.poll_seconds):
                self._parts.intake.look_everywhere()
            self._wake.clear()
            try:
                more = True
                while more and not self._closed:
                    began, joined = time.monotonic(), self.joined
                    more = self.step()
                    pauses.after(time.monotonic() - began, self.joined - joined, more)
                self.problem = ""
            except UNAVAILABLE as error:
                self.problem = str(error)
                if self._throttle.due():
                    log.error("Visits wait to be stored: %s", error)
                gevent.sleep(RETRY_SECONDS)
                self._wake.set()

    def close(self) -> None:
        """Join what is stored already; what cannot be joined now is, after the next start."""
        self._closed = True
        if not self._leads():
            return
        self._parts.intake.look_everywhere()
        with suppress(*UNAVAILABLE):
            self.step()

    def step(self) -> bool:
        """Join what is new, store and publish it; whether there is more. Raises RequestError or DatabaseError."""
        with self.lock:
            if not self._started:
                self.start()
            batch = self._parts.intake.next()
            sensed = [self._pending.popleft() for _ in range(len(self._pending))]
            try:
                self._step(batch, sensed)
            except UNAVAILABLE:
                self._pending.extendleft(reversed(sensed))
                self._parts.intake.again(batch)
                self._places.forget()
                raise
            except Exception:  # a bug: the records that it is about are left out, and those after them are joined
                log.exception("%d records could not be joined to visits.", len(batch.records))
                self.left_out += len(batch.records)
                self._places.forget()
                self._parts.intake.done(batch)
            return batch.more

    def _step(self, batch: Batch, sensed: list[Sensing]) -> None:
        assessment, found = self._parts.assessment, Found()
        overdue = self._weighing.overdue()
        if not (sensed or overdue or batch.records or batch.corrections):
            self._parts.intake.done(batch)
            return
        assessment.look_up((evidence for evidence, _ in batch.records), found)
        changed = self._sense(sensed)
        for key in overdue:
            changed += self._weighing.attach(self._places.load(key, [self._now()]))
        changed += self._join(batch.records, found)
        corrected = self._correct(batch.corrections, found)
        self.save(changed + [visit for visit, _ in corrected], found, batch, {visit.id: by for visit, by in corrected})
        self.joined += len(batch.records)

    def _sense(self, events: list[Sensing]) -> list[Visit]:
        changed: list[Visit] = []
        for event in events:
            if isinstance(event, WeightSettled):
                key = place_key(event.checkpoint or event.scale)
                place = self._places.load(key, [event.at])
                changed += self._weighing.weighed(place, event)
                continue
            key = self._parts.checkpoints.of(DETECTION, event.camera).place
            place = self._places.load(key, [event.since])
            arrived = isinstance(event, VehicleArrived)
            changed += self._sensed.arrived(place, event) if arrived else self._sensed.left(place, event)  # type: ignore[arg-type]
        return changed

    def _join(self, records: list[tuple[Evidence, Checkpoint]], found: Found) -> list[Visit]:
        changed: list[Visit] = []
        time_slice = TimeSlice()
        by_place: dict[str, list[tuple[Evidence, Checkpoint]]] = {}
        for evidence, checkpoint in records:
            by_place.setdefault(checkpoint.place, []).append((evidence, checkpoint))
        for key, some in by_place.items():
            place = self._places.load(key, [evidence.at for evidence, _ in some])
            joining = Joining(place.visits, self._rules, partial(self._new, some[0][1]), place.stood)
            for evidence, _ in sorted(some, key=lambda each: each[0].at):
                time_slice.check()
                joining.join(self._parts.assessment.member(evidence, found))
            changed += joining.changed
            changed += self._sensed.attach(place, joining.changed) + self._weighing.attach(place)
            self._places.tidy(key, max(evidence.at for evidence, _ in some))
        return changed

    def _new(self, checkpoint: Checkpoint, _: Member) -> Visit:
        return Visit(checkpoint.name, checkpoint.place, self._now())

    def _beside(self, visit: Visit) -> Visit:
        return Visit(visit.checkpoint, visit.place, self._now())

    def _correct(self, corrections: list[dict[str, Any]], found: Found) -> list[tuple[Visit, Cause]]:
        """Put corrected values in the place of those that were read; what is to be judged again, and why."""
        if not corrections:
            return []
        visits = self._parts.repository.of_records(list({(each["kind"], each["id"]) for each in corrections}))
        return self._correcting.correct(visits, corrections, found)

    # -- visits that have changed

    def save(
        self,
        changed: Iterable[Visit],
        found: Found | None = None,
        batch: Batch | None = None,
        causes: Mapping[str, Cause] = NO_CAUSES,
        states: Mapping[str, str] | None = None,
    ) -> None:
        """Judge, store and publish visits (`hub.visits.saving.Saving.save`); while `lock` is held."""
        if not self._started and self._leads():
            self.start()
        self._saving.save(changed, found, batch, causes, states)

    def canonical(self, visit: Visit) -> Visit:
        """The visit in memory where this one, just loaded, is there as well; while `lock` is held."""
        return self._places.canonical(visit)

    def forget(self) -> None:
        """Load visits again when they are needed: what is in memory was not stored."""
        self._places.forget()

    # -- single visits

    def _find(self, visit_id: str) -> Visit | None:
        found = self._places.visit(visit_id)
        if found is None:
            stored = self._parts.repository.get(visit_id)
            found = self._places.canonical(stored) if stored is not None else None
        return found

    def find(self, visit_id: str) -> Visit:
        """A visit, in memory or stored. Raises NotFound, DatabaseError or LaneBusy."""
        visit = self._find(visit_id)
        if visit is None:
            raise NotFound(f"There is no visit with the id {visit_id[:80]}; it may have expired.")
        return visit

    def status(self) -> dict[str, Any]:
        """For the status page."""
        return {
            "checkpoints": len(self._places),
            "open": self._places.open_visits,
            "stored": self._saving.stored,
            "joined": self.joined,
            "left_out": self.left_out + self._parts.intake.left_out + self._parts.intake.unreadable,
            "problem": self.problem,
        }
