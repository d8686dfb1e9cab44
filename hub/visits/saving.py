"""Judges visits, gives their changes numbers, stores them in one commit and publishes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from hub.contract.visits import ALARM_SECONDS
from hub.live.events import VISIT_CHANGED, VisitChanged
from hub.store.transaction import Transaction
from hub.store.writer import StoreBusy
from hub.visits.assessment import Found
from hub.visits.intake import Batch
from hub.visits.messages import alert_of, message_row
from hub.visits.pairing import Pairing
from hub.visits.parts import CONSUMER, UNAVAILABLE, Parts
from hub.visits.stored import shown
from hub.visits.visit import SEEN, Cause, Visit

NO_CAUSES: Mapping[str, Cause] = {}


class Saving:
    """Saves visits for one greenlet at a time. `stored`: new visits since the start."""

    def __init__(
        self,
        parts: Parts,
        pairing: Pairing,
        keep_messages: bool,
        wanted: Callable[[], bool],
        now: Callable[[], float],
        alone: bool,
    ) -> None:
        """`keep_messages`, `wanted`, `alone`: as `hub.visits.service.VisitService`."""
        self._parts, self._pairing, self._keep_messages = parts, pairing, keep_messages
        self._wanted, self._now, self._alone = wanted, now, alone
        self._change = 0
        self.stored = 0

    def refresh(self) -> None:
        """Give the next change the number after the newest stored one. Raises DatabaseError or LaneBusy."""
        self._change = self._parts.repository.newest_change()

    def catch_up(self) -> None:
        """The same, but never a lower number than before. Raises DatabaseError or LaneBusy."""
        self._change = max(self._change, self._parts.repository.newest_change())

    def save(
        self,
        changed: Iterable[Visit],
        found: Found | None = None,
        batch: Batch | None = None,
        causes: Mapping[str, Cause] = NO_CAUSES,
        states: Mapping[str, str] | None = None,
    ) -> None:
        """Judge visits, pair them, store them with the positions in one commit and publish them.

        `causes`: why a visit is judged, by its id, where it is not for its evidence. `states`: theirs until now.
        Raises RequestError or DatabaseError; what is in memory is to be loaded again then.
        """
        parts = self._parts
        known = self._change
        visits = list({visit.id: visit for visit in changed if visit.members or visit.seq}.values())
        before = {visit.id: visit.state if visit.seq else "" for visit in visits}
        before.update(states or {})
        parts.assessment.judge(visits, Found() if found is None else found)
        for visit in list(visits):
            for other in self._pairing.pair(visit):
                if other.id not in before:
                    before[other.id] = other.state
                    visits.append(other)
        now = self._now()
        loaded = {visit.seq: visit.change for visit in visits if visit.seq}
        for visit in visits:
            if before[visit.id]:
                visit.judged(before[visit.id], causes.get(visit.id, SEEN), now)
            self._change += 1
            visit.change = self._change
        alerts = {visit.id: alert_of(visit) for visit in visits}
        alerts.update((visit.id, "") for visit in visits if visit.last_at < now - ALARM_SECONDS)
        messages = self._messages(visits, before, alerts, now)
        ends = {**parts.intake.positions, **batch.ends} if batch is not None else {}

        def job(transaction: Transaction) -> list[int]:
            rows = messages
            if not self._alone and (ahead := parts.repository.changes_since(transaction, known)):
                if not parts.repository.are_as_loaded(transaction, loaded):
                    raise StoreBusy("Another hub has changed this visit at the same moment. Try again in a moment.", 1)
                for visit in visits:
                    visit.change += ahead
                rows = self._messages(visits, before, alerts, now)
            if ends:
                parts.positions.store(transaction, CONSUMER, ends)
            return parts.repository.store(transaction, visits, rows)

        try:
            seqs = parts.writer.write(job)
            self._change = max([self._change, *(visit.change for visit in visits)])
        except UNAVAILABLE:
            self._change = known
            with suppress(*UNAVAILABLE):
                self._change = parts.repository.newest_change()
            raise
        if batch is not None:
            parts.intake.done(batch)
        self._publish(visits, seqs, before)

    def _messages(
        self, visits: Iterable[Visit], before: Mapping[str, str], alerts: Mapping[str, str], now: float
    ) -> list[dict[str, Any]]:
        """The messages about visits that are stored with them, by id their states until now and the alerts they are."""
        messages = []
        for visit in visits:
            judged = before[visit.id] != visit.state and self._wanted()
            if alerts[visit.id] or judged or self._keep_messages:
                messages.append(message_row(shown(visit, self._parts.links), before[visit.id], alerts[visit.id], now))
        return messages

    def _publish(self, visits: list[Visit], seqs: list[int], before: dict[str, str]) -> None:
        for visit, seq in zip(visits, seqs, strict=True):
            new, visit.seq = not visit.seq, seq
            visit.unstored.clear()
            self.stored += new
            event = VisitChanged(shown(visit, self._parts.links), new, before[visit.id])
            self._parts.bus.publish(VISIT_CHANGED, event)
